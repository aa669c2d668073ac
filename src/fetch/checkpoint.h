// Why: what must survive so that no unpacked part is needed again: the unpacker's state, and the state of its files
// then.
// Thread: one.
// Format: "eai-checkpoint 1 <pieces> <files> <bytes of state>\n", per file "<size> <sha256> <name>\n", then the state.
// Written in one step (write_file_atomic).
#pragma once

#include <vector>

#include "fetch/model_writer.h"
#include "util/file.h"

namespace eai::fetch {

struct Checkpoint {
  std::size_t pieces = 0;  // unpacked
  std::vector<WrittenFile> files;
  Bytes unpacker;  // model::Unpacker::checkpoint()
};

Bytes encode(const Checkpoint& checkpoint);
// Code::corrupt if the bytes are not a checkpoint.
Result<Checkpoint> decode_checkpoint(ByteView bytes);

}  // namespace eai::fetch
