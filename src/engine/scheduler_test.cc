#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include "engine/scheduler_testing.h"

namespace eai::engine {
namespace {

using std::chrono::seconds;

TEST(Scheduler, StartsOnceForManyAndGrantsWhenReady) {
  World w({.budget = 10});
  const auto a = w.model(5, 3);
  const Ticket first = w.ask(a), second = w.ask(a);
  EXPECT_EQ(w.starts, std::vector{a});
  EXPECT_TRUE(w.granted.empty());
  w.ready(a);
  EXPECT_EQ(w.granted, (std::vector{first, second}));
  EXPECT_TRUE(w.has(w.ask(a))) << "a free slot of a ready model is given at once";
}

TEST(Scheduler, SlotsLimitLeasesFirstComeFirstServed) {
  World w({.budget = 10});
  const auto a = w.model(5, 1);
  const Ticket one = w.ask(a), two = w.ask(a), three = w.ask(a);
  w.ready(a);
  EXPECT_EQ(w.granted, std::vector{one});
  ASSERT_TRUE(w.scheduler.standing(three));
  EXPECT_EQ(w.scheduler.standing(three)->position, 2);
  EXPECT_EQ(w.scheduler.standing(three)->phase, Standing::Phase::queued);
  w.leave(one);
  EXPECT_EQ(w.granted, (std::vector{one, two}));
}

TEST(Scheduler, QueueLimitAndDeadline) {
  World w({.budget = 10});
  const auto a = w.scheduler.add_model({.need = 1, .slots = 1, .queue_limit = 1});
  const Ticket one = w.ask(a, seconds(5));
  const Ticket two = w.ask(a);
  EXPECT_EQ(w.refused.at(two).why, Refusal::queue_full);
  EXPECT_GT(w.refused.at(two).retry_after, Span::zero());
  w.pass(seconds(4));
  EXPECT_FALSE(w.refused.contains(one));
  w.pass(seconds(1));
  ASSERT_TRUE(w.refused.contains(one));
  EXPECT_EQ(w.refused.at(one).why, Refusal::deadline);
  EXPECT_EQ(w.refused.at(one).standing.phase, Standing::Phase::loading);
}

TEST(Scheduler, TooLargeForTheWholeBudgetIsRefusedAtOnce) {
  World w({.budget = 10});
  const Ticket ticket = w.ask(w.model(11));
  EXPECT_EQ(w.refused.at(ticket).why, Refusal::too_large);
  EXPECT_TRUE(w.starts.empty());
}

TEST(Scheduler, SeveralStayWhileTheyFitAndTheLeastRecentlyUsedGoes) {
  World w({.budget = 10});
  const auto a = w.model(4), b = w.model(4), c = w.model(4);
  w.bring_up(a);
  w.pass(seconds(1));
  w.bring_up(b);
  w.pass(seconds(1));
  w.leave(w.ask(a));  // b is now the older one
  const Ticket ticket = w.ask(c);
  EXPECT_EQ(w.stops, std::vector{b});
  EXPECT_EQ(w.state(c), State::absent) << "its place is not free before b is gone";
  EXPECT_EQ(w.prefetched, std::vector{c});
  w.exited(b);
  w.ready(c);
  EXPECT_TRUE(w.has(ticket));
  EXPECT_EQ(w.state(a), State::ready);
}

TEST(Scheduler, MainGoesAfterOthersPinnedLast) {
  World w({.budget = 12});
  const auto pinned = w.scheduler.add_model({.need = 4, .pinned = true});
  const auto main = w.scheduler.add_model({.need = 4, .main = true});
  const auto other = w.model(4), c = w.model(4), d = w.model(8);
  w.bring_up(pinned);
  w.bring_up(main);
  w.pass(seconds(9));
  w.bring_up(other);
  const Ticket ticket = w.ask(c);
  EXPECT_EQ(w.stops, std::vector{other});
  w.exited(other);
  w.ready(c);
  w.leave(ticket);
  w.ask(d);
  EXPECT_EQ(w.stops, (std::vector{other, c, main})) << "the pinned one stays";
}

TEST(Scheduler, OnlyAsMuchAsNeededIsEvicted) {
  World w({.budget = 10});
  const auto small = w.model(2), large = w.model(8), c = w.model(7);
  w.bring_up(small);
  w.pass(seconds(1));
  w.bring_up(large);
  w.ask(c);
  EXPECT_EQ(w.stops, std::vector{large}) << "evicting the older small one as well would be needless";
}

TEST(Scheduler, ReadyModelsNeverWaitBehindALoad) {
  World w({.budget = 10});
  const auto a = w.model(4), b = w.model(4);
  w.bring_up(a);
  w.ask(b);
  ASSERT_EQ(w.state(b), State::starting);
  EXPECT_TRUE(w.has(w.ask(a)));
}

TEST(Scheduler, BoundedWaitWithOverlappingTraffic) {
  World w({.budget = 10});
  const auto a = w.model(6, 4), b = w.model(6);
  w.bring_up(a);
  Ticket running = w.ask(a);
  const Ticket waiting = w.ask(b);
  const Time asked = w.now;
  // Answers on a overlap without a gap for ever.
  while (w.state(a) == State::ready && w.now < asked + seconds(60)) {
    w.pass(seconds(1));
    const Ticket next = w.ask(a);
    w.leave(running);
    running = next;
  }
  EXPECT_LE(w.now - asked, seconds(11));
  EXPECT_GE(w.now - asked, seconds(10)) << "the patience is used to batch";
  EXPECT_EQ(w.scheduler.standing(waiting)->phase, Standing::Phase::for_room);
  ASSERT_EQ(w.state(a), State::stopping);
  w.exited(a);
  w.ready(b);
  EXPECT_TRUE(w.has(waiting));
  EXPECT_TRUE(w.lost_leases.empty());
}

TEST(Scheduler, ALongAnswerIsNotCut) {
  World w({.budget = 10});
  const auto a = w.model(6), b = w.model(6);
  w.bring_up(a);
  const Ticket story = w.ask(a);
  const Ticket waiting = w.ask(b);
  w.pass(seconds(500));
  EXPECT_EQ(w.state(a), State::draining);
  EXPECT_EQ(w.scheduler.standing(waiting)->phase, Standing::Phase::for_answers);
  EXPECT_EQ(w.scheduler.standing(waiting)->behind, std::vector{a});
  const Ticket late = w.ask(a);
  EXPECT_FALSE(w.has(late)) << "a draining model takes nobody";
  w.leave(story);
  EXPECT_EQ(w.stops, std::vector{a});
}

TEST(Scheduler, DrainIsCalledOffWhenTheClaimGoes) {
  World w({.budget = 10});
  const auto a = w.model(6), b = w.model(6);
  w.bring_up(a);
  w.ask(a);
  const Ticket waiting = w.ask(b);
  w.pass(seconds(20));
  ASSERT_EQ(w.state(a), State::draining);
  const Ticket late = w.ask(a);
  w.leave(waiting);
  EXPECT_EQ(w.state(a), State::ready);
  EXPECT_TRUE(w.has(late));
}

TEST(Scheduler, PatienceRunsOnlyWhileTheBusyOneAnswers) {
  World w({.budget = 10});
  const auto a = w.model(6, 1), b = w.model(6);
  const Ticket first = w.ask(a);
  w.ask(b);
  w.pass(seconds(100));  // a's load
  const Ticket second = w.ask(a);
  w.ready(a);
  w.pass(seconds(9));
  w.leave(first);
  EXPECT_TRUE(w.has(second)) << "a's turn has only just begun";
  w.pass(seconds(1));
  EXPECT_EQ(w.state(a), State::draining);
}

TEST(Scheduler, EachOfThreeModelsHasItsTurn) {
  World w({.budget = 10});
  const auto a = w.model(6, 1), b = w.model(6, 1), c = w.model(6, 1);
  w.bring_up(a);
  const Ticket busy = w.ask(a), first = w.ask(b), third = w.ask(c);
  w.pass(seconds(10));
  ASSERT_EQ(w.state(a), State::draining);
  w.leave(busy);
  w.exited(a);
  w.ready(b);
  ASSERT_TRUE(w.has(first));
  const Ticket second = w.ask(b);
  w.pass(seconds(9));
  w.leave(first);
  EXPECT_TRUE(w.has(second)) << "its turn has not ended because another one waited before it began";
  w.pass(seconds(1));
  EXPECT_EQ(w.state(b), State::draining);
  w.leave(second);
  w.exited(b);
  w.ready(c);
  EXPECT_TRUE(w.has(third));
}

TEST(Scheduler, FailedStartTellsAllWaitersAndCools) {
  World w({.budget = 10});
  const auto a = w.model(5);
  const Ticket one = w.ask(a), two = w.ask(a);
  w.exited(a, "no such file");
  EXPECT_EQ(w.refused.at(one).why, Refusal::start_failed);
  EXPECT_EQ(w.refused.at(two).words, "no such file");
  EXPECT_EQ(w.state(a), State::cooling);
  const Ticket three = w.ask(a);
  EXPECT_EQ(w.refused.at(three).why, Refusal::cooling);
  EXPECT_EQ(w.refused.at(three).words, "no such file");
  w.pass(w.refused.at(three).retry_after);
  w.ask(a);
  EXPECT_EQ(w.starts.size(), 2u);
  w.exited(a, "again");
  EXPECT_EQ(w.refused.at(w.ask(a)).retry_after, seconds(10)) << "twice as long as before";
}

TEST(Scheduler, StartThatHangsIsStoppedAndCools) {
  World w({.budget = 10, .start_timeout = seconds(30)});
  const auto a = w.model(5);
  const Ticket one = w.ask(a);
  w.pass(seconds(30));
  EXPECT_EQ(w.refused.at(one).why, Refusal::start_failed);
  EXPECT_EQ(w.state(a), State::stopping);
  w.ready(a);  // too late
  EXPECT_EQ(w.state(a), State::stopping);
  w.exited(a);
  EXPECT_EQ(w.state(a), State::cooling);
}

TEST(Scheduler, CrashLosesLeasesAndRestartsForWaiters) {
  World w({.budget = 10});
  const auto a = w.model(5, 1), b = w.model(5, 1);
  w.bring_up(b);
  const Ticket other = w.ask(b);
  const Ticket one = w.ask(a), two = w.ask(a);
  w.ready(a);
  const auto old = w.scheduler.run(a);
  w.exited(a, "killed by signal 9");
  EXPECT_EQ(w.lost_leases, std::vector{one});
  EXPECT_EQ(w.state(a), State::starting);
  w.take(w.scheduler.exited(w.now, old, "again"));  // of an older run: ignored
  EXPECT_EQ(w.state(a), State::starting);
  w.ready(a);
  EXPECT_TRUE(w.has(two));
  EXPECT_EQ(w.scheduler.leases(b), 1u);
  w.leave(other);
}

TEST(Scheduler, CrashesOfAReadyEngineNeverCoolItForOthers) {
  World w({.budget = 10});
  const auto a = w.model(5, 1);
  for (int i = 0; i < 10; ++i) {
    ASSERT_NE(w.state(a), State::cooling);
    const Ticket guilty = w.ask(a), other = w.ask(a);
    w.ready(a);
    w.exited(a, "killed by signal 11");
    EXPECT_EQ(w.lost_leases.back(), guilty);
    EXPECT_EQ(w.state(a), State::starting) << "at once, for the one that waits";
    w.ready(a);
    EXPECT_TRUE(w.has(other));
    w.leave(other);
  }
}

TEST(Scheduler, IdleModelsAreUnloadedPinnedStay) {
  World w({.budget = 10, .idle_timeout = seconds(60)});
  const auto a = w.model(2);
  const auto pinned = w.scheduler.add_model({.need = 2, .pinned = true});
  w.bring_up(a);
  w.bring_up(pinned);
  const Ticket busy = w.ask(a);
  w.pass(seconds(100));
  EXPECT_EQ(w.state(a), State::ready) << "it is in use";
  w.leave(busy);
  w.pass(seconds(60));
  EXPECT_EQ(w.state(a), State::stopping);
  EXPECT_EQ(w.state(pinned), State::ready);
  w.exited(a);
  w.ask(a);
  EXPECT_EQ(w.state(a), State::starting);
}

TEST(Scheduler, OneAtATimeStartsTheNextBeforeTheOldHasDrainedWhereMemoryAllows) {
  World w({.budget = 10, .max_resident = 1});
  const auto a = w.model(4), b = w.model(4);
  w.bring_up(a);
  const Ticket story = w.ask(a);
  const Ticket waiting = w.ask(b);
  EXPECT_EQ(w.state(b), State::absent);
  w.pass(seconds(10));
  EXPECT_EQ(w.state(a), State::draining);
  EXPECT_EQ(w.state(b), State::starting);
  w.ready(b);
  EXPECT_TRUE(w.has(waiting));
  w.leave(story);
  EXPECT_EQ(w.state(a), State::stopping);
}

TEST(Scheduler, AStartNobodyWaitsForGivesWay) {
  World w({.budget = 10});
  const auto a = w.model(6), b = w.model(6);
  const Ticket gone = w.ask(a);
  w.leave(gone);
  EXPECT_EQ(w.state(a), State::starting) << "it is nearly there, and nobody needs its place";
  w.ask(b);
  EXPECT_EQ(w.state(a), State::stopping);
  w.exited(a);
  EXPECT_EQ(w.state(b), State::starting);
}

TEST(Scheduler, LaterSmallClaimDoesNotTakeThePlaceOfAnEarlierLargeOne) {
  World w({.budget = 10});
  const auto a = w.model(6), large = w.model(9), small = w.model(3);
  w.bring_up(a);
  const Ticket busy = w.ask(a);
  w.ask(large);
  w.pass(seconds(10));
  ASSERT_EQ(w.state(a), State::draining);
  w.ask(small);
  EXPECT_EQ(w.state(small), State::absent);
  w.leave(busy);
  w.exited(a);
  EXPECT_EQ(w.state(large), State::starting);
  EXPECT_EQ(w.state(small), State::absent);
}

TEST(Scheduler, MeasuredNeedLargerThanThoughtEvictsIdleOnes) {
  World w({.budget = 10});
  const auto a = w.model(4), b = w.model(4);
  w.bring_up(a);
  w.bring_up(b);
  const Ticket busy = w.ask(b);
  w.take(w.scheduler.set_terms(w.now, b, {.need = 8, .slots = 2}));
  EXPECT_EQ(w.stops, std::vector{a});
  w.leave(busy);
}

TEST(Scheduler, UnloadByHandDrainsFirst) {
  World w({.budget = 10});
  const auto a = w.model(4);
  w.bring_up(a);
  const Ticket busy = w.ask(a);
  w.take(w.scheduler.unload(w.now, a));
  EXPECT_EQ(w.state(a), State::draining);
  const Ticket next = w.ask(a);
  w.leave(busy);
  EXPECT_EQ(w.state(a), State::stopping);
  w.exited(a);
  w.ready(a);
  EXPECT_TRUE(w.has(next)) << "it comes back for whoever asks";
}

TEST(Scheduler, RemovedModelRefusesAndGoes) {
  World w({.budget = 10});
  const auto a = w.model(4, 1);
  w.bring_up(a);
  const Ticket busy = w.ask(a), waiting = w.ask(a);
  w.take(w.scheduler.remove_model(w.now, a));
  EXPECT_EQ(w.refused.at(waiting).why, Refusal::removed);
  EXPECT_EQ(w.refused.at(w.ask(a)).why, Refusal::removed);
  w.leave(busy);
  w.exited(a);
  EXPECT_EQ(w.state(a), State::absent);
}

TEST(Scheduler, AModelThatComesBackIsServedAgain) {
  World w({.budget = 10});
  const auto a = w.model(4);
  w.bring_up(a);
  w.take(w.scheduler.remove_model(w.now, a));
  EXPECT_EQ(w.state(a), State::stopping);
  w.take(w.scheduler.return_model(w.now, a));
  w.exited(a);
  const Ticket next = w.ask(a);
  w.ready(a);
  EXPECT_TRUE(w.has(next));
}

TEST(Scheduler, AModelsOwnIdleTimeoutCounts) {
  World w({.budget = 20, .idle_timeout = seconds(100)});
  const auto usual = w.scheduler.add_model({.need = 4});
  const auto shorter = w.scheduler.add_model({.need = 4, .idle_timeout = seconds(10)});
  const auto never = w.scheduler.add_model({.need = 4, .idle_timeout = seconds(0)});
  for (const auto model : {usual, shorter, never}) w.bring_up(model);
  w.pass(seconds(11));
  EXPECT_EQ(w.stops, std::vector{shorter});
  w.pass(seconds(1000));
  EXPECT_EQ(w.stops, (std::vector{shorter, usual}));
}

TEST(Scheduler, ALowerBudgetLetsIdleModelsGo) {
  SchedulerOptions options{.budget = 10};
  World w(options);
  const auto a = w.model(4), b = w.model(4);
  w.bring_up(a);
  w.pass(seconds(1));
  w.bring_up(b);
  options.budget = 5;
  w.take(w.scheduler.set_options(w.now, options));
  EXPECT_EQ(w.stops, std::vector{a});
}

TEST(Scheduler, ShutDownDrainsThenEndsAll) {
  World w({.budget = 20});
  const auto a = w.model(4, 1), b = w.model(4), c = w.model(4);
  w.bring_up(a);
  w.bring_up(b);
  const Ticket busy = w.ask(a), queued = w.ask(a), loading = w.ask(c);
  w.take(w.scheduler.shut_down(w.now));
  EXPECT_EQ(w.refused.at(queued).why, Refusal::shutting_down);
  EXPECT_EQ(w.refused.at(loading).why, Refusal::shutting_down);
  EXPECT_EQ(w.state(a), State::draining);
  EXPECT_EQ(w.state(b), State::stopping);
  EXPECT_EQ(w.state(c), State::stopping);
  EXPECT_EQ(w.refused.at(w.ask(b)).why, Refusal::shutting_down);
  w.take(w.scheduler.stop_now(w.now));
  EXPECT_EQ(w.lost_leases, std::vector{busy});
  for (const auto model : {a, b, c}) w.exited(model);
  EXPECT_TRUE(w.scheduler.all_gone());
}

}  // namespace
}  // namespace eai::engine
