// Why: blocks in one file or one request body, for disks and for services that import them.
// Thread: any; a CarReader belongs to one thread. No I/O.
// Source: CARv1: varint length, DAG-CBOR header {roots, version: 1}; then sections: varint length, CID, block.
// What holds: a block that the reader hands out was hashed against its CID. A cut CAR can look whole: who needs
// certain blocks counts them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "ipld/cid.h"
#include "ipld/dag_pb.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

// Header of a CARv1 with these roots (fewer than 24); its length depends only on the lengths of the CIDs.
Bytes car_header(const std::vector<Cid>& roots);
// What stands before a block of this size.
Bytes car_section_head(const Cid& cid, std::uint64_t block_size);
inline std::uint64_t car_section_size(const Cid& cid, std::uint64_t block_size) {
  return car_section_head(cid, block_size).size() + block_size;
}

// Fed with a CAR in any pieces.
class CarReader {
 public:
  // Called for each block, verified. An error ends the reading and comes back from feed().
  using OnBlock = std::function<Result<void>(const Cid& cid, ByteView block)>;
  explicit CarReader(OnBlock on_block) : on_block_(std::move(on_block)) {}
  // Code::invalid: not a CARv1; Code::unsupported: CARv2 or an unknown hash; Code::corrupt: a block is not its CID's.
  Result<void> feed(ByteView bytes);
  // The end of the input. Code::corrupt if it stops inside a header or section.
  Result<void> finish();
  const std::vector<Cid>& roots() const { return roots_; }

 private:
  Result<bool> take_one();
  OnBlock on_block_;
  std::vector<Cid> roots_;
  bool have_header_ = false;
  Bytes pending_;
  std::size_t used_ = 0;  // bytes of pending_ already taken
};

}  // namespace eai::ipld
