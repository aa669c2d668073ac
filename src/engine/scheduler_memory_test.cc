// Which models lie in memory together, by what they take and by what their answers may still add.
#include <gtest/gtest.h>

#include "engine/scheduler_testing.h"

namespace eai::engine {
namespace {

TEST(SchedulerMemory, IdleModelsCountWithWhatTheyTake) {
  World w({.budget = 10});
  const ModelTerms terms{.need = 8, .slots = 2, .held = 2, .growth = 2};
  const auto a = w.scheduler.add_model(terms), b = w.scheduler.add_model(terms), c = w.scheduler.add_model(terms);
  for (const auto i : {a, b, c}) w.bring_up(i);
  EXPECT_TRUE(w.stops.empty());
  EXPECT_EQ(w.scheduler.taken(), 6u);
  w.ask(a);
  EXPECT_EQ(w.scheduler.used(), 8u) << "one answer may add two";
  w.ask(a);
  EXPECT_EQ(w.scheduler.used(), 10u);
}

TEST(SchedulerMemory, AnotherStartsOnlyIfAnswersMayGrowBesideIt) {
  World w({.budget = 10});
  const ModelTerms terms{.need = 8, .slots = 2, .held = 2, .growth = 3};
  const auto a = w.scheduler.add_model(terms), b = w.scheduler.add_model(terms);
  w.bring_up(a);
  const auto first = w.ask(a), second = w.ask(a);
  w.ask(b);
  EXPECT_EQ(w.state(b), State::absent) << "8 of the running one, and 5 of its own";
  w.leave(first);
  EXPECT_EQ(w.state(b), State::starting) << "5 and 5";
  EXPECT_EQ(w.state(a), State::ready);
  w.leave(second);
}

TEST(SchedulerMemory, WhoeverGrowsBeyondTheBudgetMakesIdleOnesGo) {
  World w({.budget = 10});
  const ModelTerms terms{.need = 10, .slots = 2, .held = 2, .growth = 2};
  const auto a = w.scheduler.add_model(terms), b = w.scheduler.add_model(terms), c = w.scheduler.add_model(terms);
  for (const auto i : {b, c, a}) w.bring_up(i);
  w.ask(a);
  ModelTerms grown = terms;
  grown.held = 6;
  w.take(w.scheduler.set_terms(w.now, a, grown));
  EXPECT_TRUE(w.stops.empty()) << "10 of 10";
  grown.held = 7;
  w.take(w.scheduler.set_terms(w.now, a, grown));
  EXPECT_EQ(w.stops, std::vector{b}) << "used least recently";
  grown.held = 10;
  w.take(w.scheduler.set_terms(w.now, a, grown));
  EXPECT_EQ(w.stops, (std::vector{b, c}));
}

TEST(SchedulerMemory, NoneIsCountedWithMoreThanItNeeds) {
  World w({.budget = 20});
  const auto a = w.scheduler.add_model({.need = 8, .slots = 9, .held = 6, .growth = 3});
  w.bring_up(a);
  for (int i = 0; i < 5; ++i) w.ask(a);
  EXPECT_EQ(w.scheduler.used(), 8u);
  w.take(w.scheduler.set_terms(w.now, a, {.need = 8, .slots = 9, .held = 12, .growth = UINT64_MAX}));
  EXPECT_EQ(w.scheduler.used(), 8u);
  EXPECT_EQ(w.scheduler.taken(), 8u);
}

TEST(SchedulerMemory, ShortageTakesTheLeastValuableIdleOne) {
  World w({.budget = 100});
  const auto busy = w.model(8), main = w.scheduler.add_model({.need = 8, .main = true}), idle = w.model(8),
             pinned = w.scheduler.add_model({.need = 8, .pinned = true});
  for (const auto i : {pinned, main, idle, busy}) w.bring_up(i);
  const auto running = w.ask(busy);
  w.take(w.scheduler.relieve(w.now));
  EXPECT_EQ(w.stops, std::vector{idle});
  w.take(w.scheduler.relieve(w.now));
  EXPECT_EQ(w.stops, std::vector{idle}) << "what that one gives back is awaited";
  w.exited(idle);
  w.take(w.scheduler.relieve(w.now));
  EXPECT_EQ(w.stops, (std::vector{idle, main}));
  w.exited(main);
  w.take(w.scheduler.relieve(w.now));
  EXPECT_EQ(w.stops, (std::vector{idle, main, pinned})) << "before the kernel chooses, even a pinned one";
  w.exited(pinned);
  w.take(w.scheduler.relieve(w.now));
  EXPECT_EQ(w.state(busy), State::ready) << "a model with a lease is never stopped";
  w.leave(running);
}

}  // namespace
}  // namespace eai::engine
