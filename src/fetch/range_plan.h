// Why: which bytes of a piece are here, which have been asked for, which are missing, and who sent each of them. This
// decides the next request, and who is to blame when the piece's hash does not fit.
// Thread: one; a plain value.
// What holds: the segments cover [0, size) without gap or overlap, in order, and neighbours differ.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "util/bytes.h"

namespace eai::fetch {

enum class Holding { missing, asked, here };

inline constexpr int k_nobody = -1;       // the source of missing bytes
inline constexpr int k_from_before = -2;  // the source of bytes that an earlier run left

struct Segment {
  ByteRange range;
  Holding holding = Holding::missing;
  int source = k_nobody;
  bool operator==(const Segment&) const = default;
};

class RangePlan {
 public:
  explicit RangePlan(std::uint64_t size);

  std::uint64_t size() const { return size_; }
  const std::vector<Segment>& segments() const { return segments_; }

  // The lowest missing range, cut to `limit` bytes.
  std::optional<ByteRange> next(std::uint64_t limit) const;

  // `range` must lie in [0, size).
  void set(ByteRange range, Holding holding, int source);

  std::uint64_t prefix() const;  // bytes that are here without a gap, from the start
  std::uint64_t bytes_here() const;
  bool complete() const { return prefix() == size_; }

 private:
  std::uint64_t size_;
  std::vector<Segment> segments_;
};

}  // namespace eai::fetch
