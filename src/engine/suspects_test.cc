#include "engine/suspects.h"

#include <gtest/gtest.h>

namespace eai::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Tickets = std::vector<Ticket>;

struct SuspectsTest : testing::Test {
  // An engine answers such a request, alone.
  void answer(const Suspect& suspect) {
    suspects.begin(++ticket, ++run, suspect);
    suspects.end(now, ticket, true);
  }
  // It crashes while it works at these.
  Tickets crash(const std::vector<Suspect>& under) {
    ++run;
    for (const Suspect& suspect : under) suspects.begin(++ticket, run, suspect);
    const Tickets blamed = suspects.judge(now, run);
    for (Ticket of = ticket - under.size() + 1; of <= ticket; ++of) suspects.end(now, of, false);
    return blamed;
  }
  bool refused(const Suspect& suspect) const { return suspects.refuses(now, suspect).has_value(); }

  Suspects suspects;
  Time now{std::chrono::hours(1)};
  Ticket ticket = 0;
  EngineRun run = 0;
  Suspect killer{1, 0, 666}, chat{2, 0, 100};
};

TEST_F(SuspectsTest, TheSecondCrashBansSenderAndShapeForAWhile) {
  EXPECT_EQ(crash({killer}), Tickets{1});
  EXPECT_FALSE(refused(killer)) << "once may have been an accident";
  crash({killer});
  EXPECT_EQ(suspects.refuses(now, killer), Span(k_strike_life));
  EXPECT_FALSE(refused({2, 0, 666})) << "another sender";
  EXPECT_FALSE(refused({1, 0, 667})) << "another shape";
  EXPECT_FALSE(refused({1, 1, 666})) << "another model";
  now += k_strike_life;
  EXPECT_FALSE(refused(killer));
}

TEST_F(SuspectsTest, WhatWasAnsweredBeforeIsNotBlamedBesideWhatWasNot) {
  answer(chat);
  EXPECT_EQ(crash({chat, killer}), Tickets{3});
  EXPECT_EQ(crash({killer, chat}), Tickets{4});
  EXPECT_TRUE(refused(killer));
  EXPECT_FALSE(refused(chat));
  EXPECT_EQ(crash({chat}), Tickets{6}) << "who else";
}

TEST_F(SuspectsTest, AStrikeThatWasSharedIsTakenBackByAnAnswer) {
  EXPECT_EQ(crash({chat, killer}), (Tickets{1, 2}));
  answer(chat);
  crash({chat});
  EXPECT_FALSE(refused(chat));
  crash({killer});
  answer(killer);
  EXPECT_TRUE(refused({1, 0, 666}) == false) << "one strike was shared";
  crash({killer});
  answer(killer);
  EXPECT_TRUE(refused(killer)) << "two were its own";
}

TEST_F(SuspectsTest, WhoLeftJustBeforeIsBlamedToo) {
  for (int i = 0; i < 2; ++i) {
    suspects.begin(++ticket, ++run, killer);
    suspects.end(now, ticket, false);
    now += seconds(3);
    EXPECT_EQ(suspects.judge(now, run), Tickets()) << "nobody waits for its answer";
  }
  EXPECT_TRUE(refused(killer));
  suspects.begin(++ticket, ++run, chat);
  suspects.end(now, ticket, false);
  now += seconds(6);
  suspects.judge(now, run);
  suspects.judge(now, run);
  crash({chat});
  EXPECT_FALSE(refused(chat)) << "it had left long before";
}

TEST_F(SuspectsTest, ASenderWithManyStrikesMaySendWhatWasAnsweredBefore) {
  const Suspect known{1, 0, 50}, fresh{1, 0, 51};
  answer(known);
  for (std::uint64_t shape = 1000; shape < 1006; ++shape) {
    EXPECT_FALSE(refused({1, 0, shape}));
    crash({{1, 0, shape}});
  }
  EXPECT_TRUE(refused(fresh));
  EXPECT_FALSE(refused(known));
  EXPECT_FALSE(refused({2, 0, 51})) << "another sender";
  now += minutes(10);
  EXPECT_FALSE(refused(fresh));
}

TEST_F(SuspectsTest, OtherRunsAndUnknownShapesAreLeftAlone) {
  suspects.begin(++ticket, 70, chat);
  suspects.begin(++ticket, 71, killer);
  EXPECT_EQ(suspects.judge(now, 71), Tickets{2});
  EXPECT_EQ(suspects.judge(now, 71), Tickets()) << "once";
  for (int i = 0; i < 9; ++i) EXPECT_EQ(crash({{3, 0, 0}}), Tickets());
  EXPECT_FALSE(refused({3, 0, 0}));
}

TEST_F(SuspectsTest, IsBounded) {
  for (std::uint64_t i = 1; i < 20'000; ++i) {
    now += std::chrono::milliseconds(1);
    crash({{i, 0, i}});
    answer({i, 0, i});
  }
  crash({killer});
  crash({killer});
  EXPECT_TRUE(refused(killer)) << "the latest count, whatever was before";
}

}  // namespace
}  // namespace eai::engine
