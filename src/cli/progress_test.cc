#include "cli/progress.h"

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

}  // namespace
}  // namespace eai::cli
