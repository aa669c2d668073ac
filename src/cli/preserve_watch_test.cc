#include "cli/preserve_watch.h"

#include <gtest/gtest.h>

namespace eai::cli {
namespace {

using std::chrono::seconds;

preserve::Progress half_packed() {
  preserve::Progress now;
  now.phase = "packing";
  now.done = 1'000'000'000;
  now.total = 2'000'000'000;
  now.made = 800'000'000;
  now.homes = {{"lighthouse", 400'000'000, 500'000'000, 2, ""}, {"kubo", 0, 0, 0, ""}};
  return now;
}

TEST(PreserveRates, EachHomeHasBytesRateTimeLeftAndPartsInFlight) {
  PreserveRates rates("tiny");
  preserve::Progress now = half_packed();
  auto at = RateMeter::Clock::time_point();
  rates.look(now, at);
  now.done += 200'000'000;
  now.made += 160'000'000;
  now.homes[0].sent += 10'000'000;
  const auto view = rates.look(now, at + seconds(1));
  // What packing promises is 80% of 2 GB, though only 500 MB are ready.
  ASSERT_EQ(view.bars.size(), 2U);
  EXPECT_EQ(plain_line(view.bars[0]), "packing tiny: 1.20 GB of 2.00 GB (60%), 200 MB/s, 5 s left");
  EXPECT_EQ(plain_line(view.bars[1]), "lighthouse: 410 MB of 1.60 GB (25%), 10.0 MB/s, 2 min left, 2 in flight");
  ASSERT_EQ(view.events.size(), 3U);
  EXPECT_EQ(view.events[0].at("done").to_number<std::uint64_t>(), now.done);
  EXPECT_EQ(view.events[1].at("in_flight").to_number<int>(), 2);
  EXPECT_EQ(view.events[1].at("to_send").to_number<std::uint64_t>(), 1'600'000'000U);
  EXPECT_NEAR(view.events[1].at("bytes_per_second").to_number<double>(), 10'000'000, 1);
  EXPECT_EQ(view.events[1].at("seconds_left").to_number<int>(), 120);
  EXPECT_EQ(view.events[2].at("home"), "kubo");
}

TEST(PreserveRates, WhenAllIsPackedOnlyTheHomesAreLeft) {
  PreserveRates rates("tiny");
  preserve::Progress now = half_packed();
  now.phase = "sending";
  now.homes[0].trouble = "tiny.zip.part-aa: HTTP 503; waits 2 s";
  now.homes[1].trouble = "pinning tiny.zip.part-aa: queued";
  auto at = RateMeter::Clock::time_point();
  rates.look(now, at);
  now.homes[0].sent = 500'000'000;
  const auto view = rates.look(now, at + seconds(1));
  ASSERT_EQ(view.bars.size(), 2U);
  // All is sent, and the answer is not there yet: no rate says how long that takes.
  EXPECT_EQ(plain_line(view.bars[0]), "lighthouse: 500 MB of 500 MB (100%), 2 in flight");
  EXPECT_EQ(view.bars[0].total, 500'000'000U);
  EXPECT_EQ(view.bars[0].troubles.front().what, "tiny.zip.part-aa: HTTP 503; waits 2 s");
  EXPECT_EQ(plain_line(view.bars[1]), "kubo: pinning tiny.zip.part-aa: queued");
}

TEST(PreserveRates, BeforeItBeginsOnlyTroubleIsShown) {
  PreserveRates rates("tiny");
  EXPECT_TRUE(rates.look({}).events.empty());
  preserve::Progress now;
  now.phase = "asking";
  now.homes = {{"kubo", 0, 0, 0, ""}};
  EXPECT_TRUE(rates.look(now).bars.empty());
  now.homes[0].trouble = "asking who it is: connection refused; waits 1 s";
  EXPECT_EQ(plain_line(rates.look(now).bars.at(0)), "kubo: asking who it is: connection refused; waits 1 s");
}

}  // namespace
}  // namespace eai::cli
