// Why: a CAR on a disk is as good as a folder of blocks, once it is known where in it each block lies.
// Thread: any for the const calls.
// What holds: only the heads of the sections are read, and no block is hashed: who takes one has to prove it. The memory
// is bounded by the number of blocks. Blocks that stand in the file more than once count once.
// Source: CARv1 (car.h), and CARv2: a pragma of 11 bytes, a header of 40 bytes that says where a CARv1 lies in the file,
// and that CARv1. The index of a CARv2 is not read, since nobody proves it.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "ipld/cid.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

class CarIndex {
 public:
  static constexpr std::size_t k_most_blocks = 1'000'000;  // some 200 MB; in leaves of 1 MiB they are 1 TB

  // Reads `into.size()` bytes at `offset`; it is asked only for ranges inside of the file.
  using ReadAt = std::function<Result<void>(std::uint64_t offset, std::span<std::uint8_t> into)>;
  // Code::invalid if it is not a CAR, or has more than `most` blocks; Code::corrupt if it is cut off; errors of `read`.
  static Result<CarIndex> read(const ReadAt& read, std::uint64_t file_size, std::size_t most = k_most_blocks);

  const std::vector<Cid>& roots() const { return roots_; }
  std::size_t count() const { return places_.size(); }
  std::uint64_t bytes() const { return bytes_; }  // of all blocks
  // The range of the file.
  std::optional<ByteRange> find(const Cid& cid) const;

 private:
  std::vector<Cid> roots_;
  std::unordered_map<Cid, ByteRange> places_;
  std::uint64_t bytes_ = 0;
};

}  // namespace eai::ipld
