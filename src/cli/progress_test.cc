#include "cli/progress.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "util/text.h"

namespace eai::cli {
namespace {

using std::chrono::seconds;

Bar half_way() {
  return {"qwen3-1.7b", "", 915'000'000, 1'830'000'000, 12'300'000, seconds(80), {{"ipfs.io: HTTP 503", seconds(8)}}};
}

TEST(Progress, TheLineNeverIsWiderThanTheTerminal) {
  Bar bar = half_way();
  for (std::size_t columns = 1; columns < 160; ++columns) {
    EXPECT_LE(width_of(bar_line(bar, {columns, true, false})), columns) << columns;
  }
}

TEST(Progress, WhatMattersStaysLongest) {
  Bar bar = half_way();
  EXPECT_EQ(bar_line(bar, {140, false, false}),
            "qwen3-1.7b  ##########----------  50%  915 MB of 1.83 GB  12.3 MB/s  1 min 20 s left  "
            "(ipfs.io: HTTP 503, waiting 8 s)");
  EXPECT_EQ(bar_line(bar, {6, false, false}), "50%");
  EXPECT_EQ(bar_line(bar, {40, false, false}), "qwen3-1.7b  50%  915 MB of 1.83 GB");
}

TEST(Progress, HundredPercentMeansAllOfIt) {
  Bar bar = half_way();
  bar.done = bar.total - 1;
  EXPECT_NE(plain_line(bar).find("(99%)"), std::string::npos);
  bar.done = bar.total;
  EXPECT_NE(plain_line(bar).find("(100%)"), std::string::npos);
}

TEST(Progress, WithoutATotalBytesAreCounted) {
  Bar bar = {"demo", "", 1000, 0, 0, std::nullopt, {}};
  EXPECT_EQ(plain_line(bar), "demo: 1.00 kB");
  EXPECT_EQ(bar_line(bar, {40, true, false}), "demo  1.00 kB");
  bar.phase = "unpacking";
  EXPECT_EQ(plain_line(bar), "demo: unpacking");
}

TEST(Progress, AWaitStandsWhereRateAndTimeWouldStand) {
  Bar bar = half_way();
  bar.waits = BarWait{"waiting for ipfs.io", "next try in 4 s"};
  bar.troubles.clear();
  EXPECT_EQ(plain_line(bar), "qwen3-1.7b: 915 MB of 1.83 GB (50%), waiting for ipfs.io, next try in 4 s");
  EXPECT_EQ(bar_line(bar, {140, false, false}),
            "qwen3-1.7b  ##########----------  50%  915 MB of 1.83 GB  waiting for ipfs.io, next try in 4 s");
  bar.phase = "asking for its metadata";
  EXPECT_EQ(bar_line(bar, {140, false, false}),
            "qwen3-1.7b  asking for its metadata  waiting for ipfs.io, next try in 4 s");
}

// What a display that is no terminal says, by the second.
class PlainLines : public ::testing::Test {
 protected:
  std::size_t lines_of(const Bar& bar, int second) {
    ::testing::internal::CaptureStderr();
    display_.show(bar, ProgressDisplay::Clock::time_point(seconds(1000 + second)));
    const std::string said = ::testing::internal::GetCapturedStderr();
    return static_cast<std::size_t>(std::count(said.begin(), said.end(), '\n'));
  }
  Output out_{{}};
  ProgressDisplay display_{out_};
};

TEST_F(PlainLines, WhatGetsOnIsSaidEveryFiveSecondsAndWhatStandsEveryThirty) {
  Bar bar = half_way();
  bar.troubles.clear();
  EXPECT_EQ(lines_of(bar, 0), 1U);
  std::size_t moving = 0;
  for (int second = 1; second <= 60; ++second) {
    bar.done += 1'000'000;
    moving += lines_of(bar, second);
  }
  EXPECT_EQ(moving, 12U);
  std::size_t standing = 0;
  for (int second = 61; second <= 180; ++second) {
    bar.bytes_per_second *= 0.9;  // a number that changes by itself is no news
    bar.waits = BarWait{"waiting for ipfs.io", "next try in " + std::to_string(second % 7) + " s"};
    standing += lines_of(bar, second);
  }
  EXPECT_LE(standing, 5U);
  EXPECT_GE(standing, 3U);
}

TEST_F(PlainLines, ThatTheNetworkGoesAndComesIsALineEach) {
  Bar bar = half_way();
  bar.troubles.clear();
  EXPECT_EQ(lines_of(bar, 0), 1U);
  for (int second = 1; second <= 9; ++second) {
    bar.waits = BarWait{"no network", "trying again for " + std::to_string(12 - second) + " s", BarWait::News::yes};
    EXPECT_EQ(lines_of(bar, second), second == 1 ? 1U : 0U) << second;
  }
  bar.waits.reset();
  EXPECT_EQ(lines_of(bar, 10), 1U);
}

}  // namespace
}  // namespace eai::cli
