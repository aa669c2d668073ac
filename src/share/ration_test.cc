#include "share/ration.h"

#include <gtest/gtest.h>

namespace eai::share {
namespace {

using namespace std::chrono_literals;
using Kind = Ration::Kind;

struct RationTest : ::testing::Test {
  const Ration::Clock::time_point now = Ration::Clock::now();
};

TEST_F(RationTest, CountsWhatRunsForAllAndForEachAddress) {
  RationLimits limits;
  limits.answers = 5;
  limits.walks = 2;
  limits.near_answers = 2;
  limits.near_walks = 1;
  limits.far_answers = 1;
  Ration ration(limits);
  const auto begin = [&](const char* who, Kind kind, Distance distance = Distance::near) {
    return ration.begin(who, distance, kind, now);
  };
  auto first = begin("a", Kind::walk);
  ASSERT_TRUE(first);
  EXPECT_FALSE(begin("a", Kind::walk));
  const auto second = begin("a", Kind::block);
  ASSERT_TRUE(second);
  EXPECT_FALSE(begin("a", Kind::block));
  const auto third = begin("b", Kind::walk);
  ASSERT_TRUE(third);
  EXPECT_FALSE(begin("c", Kind::walk)) << "of all together";
  const auto far = begin("f", Kind::block, Distance::far);
  ASSERT_TRUE(far);
  EXPECT_FALSE(begin("f", Kind::block, Distance::far)) << "less for those from elsewhere";
  const auto last = begin("c", Kind::block);
  ASSERT_TRUE(last);
  EXPECT_FALSE(begin("d", Kind::block));
  first.reset();
  EXPECT_EQ(ration.answers(), 4U);
  EXPECT_TRUE(begin("a", Kind::walk));
}

TEST_F(RationTest, TheRateIsForAllTogether) {
  RationLimits limits;
  limits.rate = 1'000'000;
  Ration ration(limits);
  auto one = ration.begin("a", Distance::near, Kind::block, now);
  auto two = ration.begin("a", Distance::near, Kind::block, now);
  EXPECT_EQ(one->pause_after(200'000, now), 0s) << "a little is sent at once";
  EXPECT_EQ(two->pause_after(1'050'000, now), 1s) << "the connections of an address count together";
  auto other = ration.begin("b", Distance::far, Kind::block, now);
  EXPECT_EQ(other->pause_after(625'000, now), 1s) << "half of the rate is left for it, wherever it is";
  EXPECT_EQ(one->pause_after(500'000, now + 1s), 1s) << "and the other half for the first one";
  EXPECT_EQ(one->pause_after(1'000'000, now + 10s), 750ms) << "an idle one has no part in it";
  EXPECT_EQ(one->step(now + 10s), 250'000U);
}

TEST_F(RationTest, ADebtOutlivesTheConnection) {
  RationLimits limits;
  limits.rate = 1'000'000;
  Ration ration(limits);
  ration.begin("a", Distance::near, Kind::block, now)->pause_after(10'250'000, now);
  EXPECT_EQ(ration.begin("a", Distance::near, Kind::block, now + 1s)->pause_before(now + 1s), 9s);
  EXPECT_EQ(ration.begin("b", Distance::near, Kind::block, now + 1s)->pause_before(now + 1s), 0s);
  EXPECT_EQ(ration.begin("c", Distance::near, Kind::block, now + 11s)->pause_before(now + 11s), 0s);
  EXPECT_EQ(ration.known(), 1U) << "and is forgotten when it is paid";
}

TEST_F(RationTest, WithoutARateOnlyTheWorldIsHeldBack) {
  RationLimits limits;
  limits.far_rate = 1'000'000;
  Ration ration(limits);
  auto near = ration.begin("a", Distance::near, Kind::block, now);
  auto far = ration.begin("b", Distance::far, Kind::block, now);
  EXPECT_EQ(near->pause_after(1ULL << 40U, now), 0s);
  EXPECT_EQ(near->step(now), UINT64_MAX);
  EXPECT_EQ(far->pause_after(1'250'000, now), 1s) << "and those nearby have no part in it";
}

TEST_F(RationTest, AHostOfIpv6IsItsNetwork) {
  EXPECT_EQ(key_of("192.168.1.7"), "192.168.1.7");
  EXPECT_EQ(key_of("2001:db8:1:2:3:4:5:6"), key_of("2001:db8:1:2::9"));
  EXPECT_NE(key_of("2001:db8:1:2::9"), key_of("2001:db8:1:3::9"));
  EXPECT_EQ(key_of("::1"), "::1");
  EXPECT_EQ(key_of(""), "");
}

}  // namespace
}  // namespace eai::share
