// Why: blocks that lie in a CAR file can be given on from where they are.
// Thread: one at a time. Calls block on the disk.
// What holds: a block is hashed before it is handed out the first time, and again once the file was written to; then the
// blocks are looked for anew, too.
#pragma once

#include <unordered_map>

#include "ipld/car_index.h"
#include "store/shelf.h"
#include "store/watched_file.h"

namespace eai::store {

class CarBlocks {
 public:
  // Errors as those of ipld::CarIndex::read().
  static Result<CarBlocks> open(const fs::path& file);

  // Code::not_found; Code::corrupt: it is not what its CID says.
  Result<PlacedBytes> block(const ipld::Cid& cid);
  bool look_again();  // false: it is gone
  const ipld::CarIndex& index() const { return index_; }

 private:
  CarBlocks(WatchedFile file, ipld::CarIndex index) : file_(std::move(file)), index_(std::move(index)) {}
  WatchedFile file_;
  ipld::CarIndex index_;
  std::unordered_map<std::uint64_t, bool> good_;  // by where a block begins
};

}  // namespace eai::store
