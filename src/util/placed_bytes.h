// Why: bytes that are given on stay where they are until they are sent: mostly in a file, of which they are a range.
// Thread: plain values; the descriptor may be read from any thread.
#pragma once

#include <memory>

#include "util/bytes.h"
#include "util/file.h"

namespace eai {

struct PlacedBytes {
  std::shared_ptr<const UniqueFd> file;  // null: they are `held`
  ByteRange range;                       // of the file
  Bytes held;                            // if they exist nowhere as they are

  std::uint64_t size() const { return file ? range.size() : held.size(); }
};

}  // namespace eai
