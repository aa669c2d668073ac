#include <gtest/gtest.h>

#include "engine/scheduler_testing.h"

namespace eai::engine {
namespace {

TEST(Scheduler, SendersTakeTurns) {
  World w({.budget = 10});
  const auto a = w.model(5, 1);
  w.bring_up(a);
  const Ticket running = w.ask_as(1, a);
  std::vector<Ticket> greedy;
  for (int i = 0; i < 5; ++i) greedy.push_back(w.ask_as(1, a));
  const Ticket second = w.ask_as(2, a), third = w.ask_as(3, a), second_again = w.ask_as(2, a);
  EXPECT_EQ(w.scheduler.standing(second)->position, 1) << "it has nothing under way";
  EXPECT_EQ(w.scheduler.standing(third)->position, 2);
  EXPECT_EQ(w.scheduler.standing(greedy[0])->position, 4) << "behind the second request of the other, and served later";
  w.granted.clear();
  Ticket last = running;
  for (int i = 0; i < 8; ++i) {
    w.leave(last);
    last = w.granted.back();
  }
  EXPECT_EQ(w.granted,
            (std::vector{second, third, greedy[0], second_again, greedy[1], greedy[2], greedy[3], greedy[4]}));
}

TEST(Scheduler, SlotsAreSharedBySenders) {
  World w({.budget = 10});
  const auto a = w.model(5, 4);
  w.bring_up(a);
  std::vector<Ticket> greedy;
  for (int i = 0; i < 8; ++i) greedy.push_back(w.ask_as(1, a));
  const Ticket one = w.ask_as(2, a), two = w.ask_as(2, a), three = w.ask_as(2, a);
  w.leave(greedy[0]);
  w.leave(greedy[1]);
  EXPECT_TRUE(w.has(one) && w.has(two));
  EXPECT_FALSE(w.has(greedy[4]) || w.has(three));
  w.leave(greedy[2]);
  EXPECT_TRUE(w.has(greedy[4])) << "it has one answer under way, the other has two";
}

TEST(Scheduler, AFullQueueGivesUpTheLatestOfTheOneWithMost) {
  World w({.budget = 10});
  const auto a = w.scheduler.add_model({.need = 5, .slots = 1, .queue_limit = 4});
  w.bring_up(a);
  w.ask_as(1, a);
  std::vector<Ticket> greedy;
  for (int i = 0; i < 4; ++i) greedy.push_back(w.ask_as(1, a));
  const Ticket more = w.ask_as(1, a);
  EXPECT_EQ(w.refused.at(more).why, Refusal::queue_full);
  const Ticket other = w.ask_as(2, a), again = w.ask_as(2, a), too_many = w.ask_as(2, a);
  EXPECT_EQ(w.refused.at(greedy[3]).why, Refusal::queue_full);
  EXPECT_EQ(w.refused.at(greedy[2]).why, Refusal::queue_full);
  EXPECT_FALSE(w.refused.contains(other) || w.refused.contains(again) || w.refused.contains(greedy[1]));
  EXPECT_EQ(w.refused.at(too_many).why, Refusal::queue_full) << "both have two";
}

}  // namespace
}  // namespace eai::engine
