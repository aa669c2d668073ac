#include "admin/progress_json.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace eai::admin {
namespace {

using library::Phase;
using library::Progress;

TEST(ProgressJson, IsTheSameOnTheOtherSide) {
  Progress sent;
  sent.subject = "qwen3";
  sent.hash = "bafk";
  sent.phase = Phase::parts;
  sent.done = 5'000'000'000;
  sent.total = 9'000'000'000;
  sent.received = 6'000'000'000;
  sent.bytes_per_second = 1.5e7;
  sent.time_left = std::chrono::seconds(267);
  sent.network_awaited = std::chrono::seconds(9);
  sent.peers = {{"a", 1, 2, 3, 4.5, std::chrono::seconds(6), "HTTP 503", std::chrono::seconds(7), false}, {"b"}};
  const auto got = read_progress(to_json(sent));
  ASSERT_TRUE(got);
  EXPECT_EQ(to_json(*got), to_json(sent));
  EXPECT_EQ(got->phase, Phase::parts);
  EXPECT_EQ(got->done, sent.done);
  EXPECT_EQ(got->time_left, sent.time_left);
  ASSERT_EQ(got->peers.size(), 2u);
  EXPECT_EQ(got->peers[0].wait, std::chrono::seconds(7));
  EXPECT_FALSE(got->peers[0].begun);
  EXPECT_TRUE(got->peers[1].begun);
  EXPECT_EQ(got->peers[1].wait, std::nullopt);
}

TEST(ProgressJson, EveryPhaseHasANameThatIsReadBack) {
  for (int i = 0; i <= static_cast<int>(Phase::copying); ++i) {
    const auto phase = static_cast<Phase>(i);
    EXPECT_EQ(library::phase_of(name_of(phase)), phase);
  }
  EXPECT_FALSE(library::phase_of(""));
}

TEST(ProgressJson, WhatIsNoProgressIsRefusedAndWhatIsMissingIsEmpty) {
  EXPECT_FALSE(read_progress({}));
  EXPECT_FALSE(read_progress({{"phase", "dancing"}}));
  const auto got = read_progress({{"phase", "parts"}, {"verified", -1}, {"total", "many"}, {"sources", 7}});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->done, 0u);
  EXPECT_EQ(got->total, 0u);
  EXPECT_TRUE(got->peers.empty());
}

TEST(ProgressJson, ANoteKeepsItsHint) {
  const library::Note got = read_note(to_json(library::Note{"the network is away", Hint::try_again}));
  EXPECT_EQ(got.text, "the network is away");
  EXPECT_EQ(got.hint, Hint::try_again);
}

}  // namespace
}  // namespace eai::admin
