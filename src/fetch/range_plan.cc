#include "fetch/range_plan.h"

#include <algorithm>

namespace eai::fetch {

RangePlan::RangePlan(std::uint64_t size) : size_(size) {
  if (size > 0) segments_.push_back({{0, size}, Holding::missing, k_nobody});
}

std::optional<ByteRange> RangePlan::next(std::uint64_t limit) const {
  for (const Segment& segment : segments_) {
    if (segment.holding != Holding::missing) continue;
    return ByteRange{segment.range.begin, std::min(segment.range.end, segment.range.begin + limit)};
  }
  return std::nullopt;
}

void RangePlan::set(ByteRange range, Holding holding, int source) {
  range.end = std::min(range.end, size_);
  if (range.begin >= range.end) return;
  std::vector<Segment> out;
  out.reserve(segments_.size() + 2);
  auto add = [&](Segment segment) {
    if (segment.range.begin >= segment.range.end) return;
    if (!out.empty() && out.back().holding == segment.holding && out.back().source == segment.source) {
      out.back().range.end = segment.range.end;
    } else {
      out.push_back(segment);
    }
  };
  bool placed = false;
  auto place = [&] {
    if (!placed) add({range, holding, source});
    placed = true;
  };
  for (const Segment& old : segments_) {
    if (old.range.end > range.begin) {
      add({{old.range.begin, std::min(old.range.end, range.begin)}, old.holding, old.source});
      place();
      add({{std::max(old.range.begin, range.end), old.range.end}, old.holding, old.source});
    } else {
      add(old);
    }
  }
  segments_ = std::move(out);
}

std::uint64_t RangePlan::prefix() const {
  std::uint64_t end = 0;
  for (const Segment& segment : segments_) {
    if (segment.holding != Holding::here) break;
    end = segment.range.end;
  }
  return end;
}

std::uint64_t RangePlan::bytes_here() const {
  std::uint64_t sum = 0;
  for (const Segment& segment : segments_) {
    if (segment.holding == Holding::here) sum += segment.range.size();
  }
  return sum;
}

}  // namespace eai::fetch
