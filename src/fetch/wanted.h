// Why: the unit of fetching, a piece: a run of bytes with what proves it, whom to ask for it, and where it belongs. A
// part of an archive is one; so is a leaf of a UnixFS tree.
// Thread: one; plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ipld/hash.h"
#include "peers/block_folder.h"
#include "util/file.h"

namespace eai::fetch {

struct Wanted {
  ipld::Cid cid;         // what sources are asked for
  std::string name;      // for people
  ipld::Multihash hash;  // of its bytes: the proof. SHA2-256 only, which can be computed while the bytes arrive
  std::uint64_t size = 0;
  bool size_is_exact = true;  // else sources tell, and the hash decides
  fs::path file;              // where its bytes go, from `offset` on; created when missing
  std::uint64_t offset = 0;
  std::vector<ByteRange> here = {};  // of the piece: what an earlier run left there. Not believed until the hash fits
};

// Where the bytes of a piece lie whose hash fits.
struct Proven {
  fs::path file;
  ByteRange range;  // of the file
  ipld::Multihash hash;
  std::optional<peers::FolderBlock> block;  // if `file` is not ours, but that of a block folder
};

}  // namespace eai::fetch
