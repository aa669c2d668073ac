#include "library/job.h"

#include <latch>
#include <stdexcept>

#include <gtest/gtest.h>

namespace eai::library {
namespace {

Progress at(Phase phase, std::uint64_t done) {
  return {.subject = "demo", .hash = "bafk", .phase = phase, .done = done, .total = 100};
}

const Progress& progress_in(const Event& event) { return std::get<Progress>(event.what); }

TEST(Job, ProgressIsSeenFromAnotherThreadWhileItWorks) {
  std::latch seen(1);
  Job<int> job([&](Feed& feed, const std::stop_token&) -> Result<int> {
    feed.progress(at(Phase::parts, 40));
    seen.wait();
    feed.progress(at(Phase::parts, 100));
    return 7;
  });
  const auto first = job.feed().wait(0);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(progress_in(first[0]).done, 40U);
  EXPECT_EQ(job.feed().latest()->done, 40U);
  EXPECT_FALSE(job.feed().closed());
  seen.count_down();
  const auto second = job.feed().wait(first.back().number);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(progress_in(second[0]).done, 100U);
  EXPECT_TRUE(job.feed().wait(second.back().number).empty());
  EXPECT_EQ(job.result(), 7);
}

TEST(Job, AStopReachesTheWorkAndItsErrorComesBack) {
  Job<void> job([](Feed& feed, const std::stop_token& stop) -> Result<void> {
    std::latch asked(1);
    const std::stop_callback on_stop(stop, [&] { asked.count_down(); });
    feed.note("begun");
    asked.wait();
    return fail(Code::cancelled, "stopped", Hint::try_again);
  });
  job.feed().wait(0);
  job.stop();
  const auto ended = job.result();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Code::cancelled);
  EXPECT_EQ(ended.error().hint, Hint::try_again);
}

TEST(Job, WhoeverLetsGoOfAJobStopsIt) {
  bool stopped = false;
  {
    const Job<void> job([&](Feed&, const std::stop_token& stop) -> Result<void> {
      std::latch asked(1);
      const std::stop_callback on_stop(stop, [&] { asked.count_down(); });
      asked.wait();
      stopped = true;
      return {};
    });
  }
  EXPECT_TRUE(stopped);
}

TEST(Job, ABugComesOutOfResultAndClosesTheFeed) {
  Job<int> job([](Feed&, const std::stop_token&) -> Result<int> { throw std::logic_error("a bug"); });
  EXPECT_TRUE(job.feed().wait(0).empty());
  EXPECT_THROW(job.result(), std::logic_error);
}

TEST(Feed, ASlowReaderLosesNoPhaseAndNoNote) {
  Feed feed;
  for (std::uint64_t done = 0; done <= 100; ++done) feed.progress(at(Phase::parts, done));
  feed.note("half of it was here", Hint::none);
  feed.progress(at(Phase::unpacking, 100));
  feed.progress(at(Phase::syncing, 100));
  feed.close();
  const auto events = feed.since(0);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(progress_in(events[0]).done, 100U) << "only the last snapshot of a phase counts";
  EXPECT_EQ(std::get<Note>(events[1].what).text, "half of it was here");
  EXPECT_EQ(progress_in(events[2]).phase, Phase::unpacking);
  EXPECT_EQ(progress_in(events[3]).phase, Phase::syncing);
}

TEST(Feed, SnapshotsOfAnotherModelAreKept) {
  Feed feed;
  feed.progress(at(Phase::done, 100));
  Progress base = at(Phase::done, 100);
  base.hash = "bafk2";
  feed.progress(base);
  EXPECT_EQ(feed.since(0).size(), 2U);
}

TEST(Feed, NumbersOnlyGrowAndAReaderGoesOnWhereItWas) {
  Feed feed;
  feed.progress(at(Phase::metadata, 0));
  feed.progress(at(Phase::parts, 1));
  const std::uint64_t seen = feed.since(0).back().number;
  EXPECT_TRUE(feed.since(seen).empty());
  feed.progress(at(Phase::parts, 2));
  feed.progress(at(Phase::parts, 3));
  const auto after = feed.since(seen);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_GT(after[0].number, seen);
  EXPECT_EQ(progress_in(after[0]).done, 3U);
  // Whoever begins late gets the latest state of all, in order.
  const auto all = feed.since(0);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_LT(all[0].number, all[1].number);
}

TEST(Feed, EveryPhaseHasItsName) {
  EXPECT_EQ(name_of(Phase::waiting), "waiting");
  EXPECT_EQ(name_of(Phase::done), "done");
  EXPECT_EQ(name_of(Phase::copying), "copying");
}

}  // namespace
}  // namespace eai::library
