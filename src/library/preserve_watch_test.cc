#include "library/preserve_watch.h"

#include <gtest/gtest.h>

namespace eai::library {
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
  const auto seen = rates.look(now, at + seconds(1));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->subject, "tiny");
  EXPECT_EQ(seen->phase, Phase::packing);
  EXPECT_EQ(seen->done, now.done);
  EXPECT_NEAR(seen->bytes_per_second, 200'000'000, 1);
  EXPECT_EQ(seen->time_left, seconds(5));
  ASSERT_EQ(seen->peers.size(), 2U);
  const PeerProgress& lighthouse = seen->peers[0];
  EXPECT_EQ(lighthouse.done, 410'000'000U);
  EXPECT_EQ(lighthouse.total, 1'600'000'000U) << "packing promises 80% of 2 GB, though only 500 MB are ready";
  EXPECT_NEAR(lighthouse.bytes_per_second, 10'000'000, 1);
  EXPECT_EQ(lighthouse.time_left, seconds(120));
  EXPECT_EQ(lighthouse.in_flight, 2U);
  EXPECT_FALSE(seen->peers[1].begun);
}

TEST(PreserveRates, NoRateSaysHowLongAnAnswerTakes) {
  PreserveRates rates("tiny");
  preserve::Progress now = half_packed();
  now.phase = "sending";
  now.homes[0].trouble = "tiny.zip.part-aa: HTTP 503; waits 2 s";
  auto at = RateMeter::Clock::time_point();
  rates.look(now, at);
  now.homes[0].sent = 500'000'000;
  const auto seen = rates.look(now, at + seconds(1));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->phase, Phase::sending);
  EXPECT_EQ(seen->peers[0].total, 500'000'000U);
  EXPECT_EQ(seen->peers[0].bytes_per_second, 0);
  EXPECT_FALSE(seen->peers[0].time_left);
  EXPECT_EQ(seen->peers[0].trouble, now.homes[0].trouble);
}

TEST(PreserveRates, BeforeItBeginsThereIsNothing) { EXPECT_FALSE(PreserveRates("tiny").look({})); }

}  // namespace
}  // namespace eai::library
