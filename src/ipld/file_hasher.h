// Why: a file that is written or read once can have the hash of the whole and of each of its leaves from it, in hardly more
// time than the first alone if the processor has SHA instructions (sha256_lanes.h).
// Thread: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ipld/hash.h"
#include "ipld/sha256_lanes.h"

namespace eai::ipld {

class FileHasher {
 public:
  static constexpr std::uint64_t k_leaf = k_mib;  // bytes; the last leaf of a file is the rest of it

  void update(ByteView bytes);
  Sha256 value_so_far() const;  // of the whole
  // May be called once.
  Sha256 finish();
  // After finish(): the SHA-256 of each leaf, in the order of the file.
  const std::vector<Sha256>& leaves() const { return leaves_; }

 private:
  void add(ByteView bytes);  // of one leaf
  void end_leaf();

  bool in_lanes_ = has_sha256_lanes();
  Sha256Lane whole_lane_, leaf_lane_;
  Bytes pending_;  // less than a block, of both lanes: leaves begin where blocks do
  Sha256Hasher whole_, leaf_;
  std::uint64_t in_leaf_ = 0;  // bytes
  std::vector<Sha256> leaves_;
};

}  // namespace eai::ipld
