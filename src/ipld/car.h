// Why: a CAR holds blocks in one file or one request body, for disks and for services that import them.
// Thread: any; a CarReader belongs to one thread. There is no I/O.
// What holds: the reader hashes a block against its CID before it hands it out. A CAR that was cut can look whole, so a
// caller that needs certain blocks has to count them.
// Source: CARv1: a varint length and the DAG-CBOR header {roots, version: 1}, then sections of a varint length, a CID
// and a block.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "ipld/cid.h"
#include "ipld/dag_pb.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

struct Block {
  Cid cid;
  Bytes bytes;
};

// The header of a CARv1 with these roots. Its length depends only on the lengths of the CIDs.
Bytes car_header(const std::vector<Cid>& roots);
// The bytes that come before a block of this size.
Bytes car_section_head(const Cid& cid, std::uint64_t block_size);
inline std::uint64_t car_section_size(const Cid& cid, std::uint64_t block_size) {
  return car_section_head(cid, block_size).size() + block_size;
}

inline constexpr std::uint64_t k_car_header_limit = k_mib, k_cid_limit = 256;  // bytes
// The roots of a CARv1 from its header, without the length before it. Code::unsupported for a CARv2.
Result<std::vector<Cid>> parse_car_header(ByteView bytes);

// A whole CARv1, for blocks that are in memory anyway.
Bytes write_car(const std::vector<Cid>& roots, const std::vector<Block>& blocks);

// Reads a CAR that is fed to it in pieces of any size.
class CarReader {
 public:
  // Called for each block after it was verified. An error ends the reading, and feed() returns it.
  using OnBlock = std::function<Result<void>(const Cid& cid, ByteView block)>;
  explicit CarReader(OnBlock on_block) : on_block_(std::move(on_block)) {}
  // Code::invalid if it is not a CARv1; Code::unsupported for a CARv2 or an unknown hash; Code::corrupt if a block does
  // not match its CID.
  Result<void> feed(ByteView bytes);
  // Call it at the end of the input. Code::corrupt if that is inside a header or a section.
  Result<void> finish();
  const std::vector<Cid>& roots() const { return roots_; }

 private:
  Result<bool> take_one();
  OnBlock on_block_;
  std::vector<Cid> roots_;
  bool have_header_ = false;
  Bytes pending_;
  std::size_t used_ = 0;  // bytes of pending_ that were already taken
};

}  // namespace eai::ipld
