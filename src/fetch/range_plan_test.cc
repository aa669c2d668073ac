#include "fetch/range_plan.h"

#include <random>

#include <gtest/gtest.h>

namespace eai::fetch {
namespace {

TEST(RangePlan, StartsWithEverythingMissing) {
  RangePlan plan(100);
  EXPECT_EQ(plan.next(30), (ByteRange{0, 30}));
  EXPECT_EQ(plan.next(1000), (ByteRange{0, 100}));
  EXPECT_EQ(plan.prefix(), 0u);
  EXPECT_FALSE(plan.complete());
}

TEST(RangePlan, AnEmptyPieceIsComplete) {
  RangePlan plan(0);
  EXPECT_TRUE(plan.complete());
  EXPECT_FALSE(plan.next(10));
}

TEST(RangePlan, GivesTheLowestGapFirst) {
  RangePlan plan(100);
  plan.set({0, 20}, Holding::asked, 0);
  plan.set({40, 60}, Holding::here, 1);
  EXPECT_EQ(plan.next(50), (ByteRange{20, 40}));
  plan.set({20, 40}, Holding::asked, 0);
  EXPECT_EQ(plan.next(50), (ByteRange{60, 100}));
}

TEST(RangePlan, MergesNeighboursOfOneSource) {
  RangePlan plan(100);
  plan.set({0, 10}, Holding::here, 0);
  plan.set({10, 20}, Holding::here, 0);
  plan.set({20, 30}, Holding::here, 1);
  ASSERT_EQ(plan.segments().size(), 3u);
  EXPECT_EQ(plan.segments()[0].range, (ByteRange{0, 20}));
  EXPECT_EQ(plan.prefix(), 30u);
}

TEST(RangePlan, AgreesWithAByteMap) {
  std::mt19937 random(7);
  constexpr std::uint64_t k_size = 200;
  RangePlan plan(k_size);
  std::vector<std::pair<Holding, int>> bytes(k_size, {Holding::missing, k_nobody});
  for (int round = 0; round < 2000; ++round) {
    std::uint64_t a = random() % k_size;
    std::uint64_t b = random() % (k_size + 20);
    ByteRange range{std::min(a, b), std::max(a, b)};
    auto holding = static_cast<Holding>(random() % 3);
    int source = holding == Holding::missing ? k_nobody : static_cast<int>(random() % 3);
    plan.set(range, holding, source);
    for (std::uint64_t i = range.begin; i < std::min(range.end, k_size); ++i) bytes[i] = {holding, source};
    std::uint64_t at = 0;
    for (std::size_t s = 0; s < plan.segments().size(); ++s) {
      const Segment& segment = plan.segments()[s];
      ASSERT_EQ(segment.range.begin, at);
      ASSERT_GT(segment.range.end, at);
      if (s > 0) {
        const Segment& before = plan.segments()[s - 1];
        ASSERT_FALSE(before.holding == segment.holding && before.source == segment.source);
      }
      for (; at < segment.range.end; ++at) ASSERT_EQ(bytes[at], std::pair(segment.holding, segment.source));
    }
    ASSERT_EQ(at, k_size);
  }
}

}  // namespace
}  // namespace eai::fetch
