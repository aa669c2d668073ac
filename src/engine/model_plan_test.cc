#include "engine/model_plan.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace eai::engine {
namespace {

namespace asio = boost::asio;

ModelSpec spec_with(std::uint32_t context_length) {
  ModelSpec spec;
  spec.id = "id";
  spec.context_length = context_length;
  return spec;
}

Inspection found_with(std::uint32_t context) {
  Inspection found;
  found.launch.context = context;
  return found;
}

struct PlanTest : ::testing::Test {
  void look(const ModelSpec& spec, Result<Inspection> result) {
    const auto number = plan.begin_look();
    ASSERT_TRUE(plan.is_latest(number));
    plan.end_look(spec, std::move(result));
  }
  asio::io_context context;
  ModelPlan plan{context, spec_with(1)};
};

TEST_F(PlanTest, WhatIsInForceChangesOnlyWhenTheNextIsTaken) {
  EXPECT_FALSE(plan.known());
  look(spec_with(1), found_with(1));
  EXPECT_FALSE(plan.known());
  plan.take_next();
  ASSERT_TRUE(plan.known());
  const std::string key = plan.key();
  EXPECT_TRUE(plan.change(spec_with(2)));
  look(spec_with(2), found_with(2));
  EXPECT_EQ(plan.spec().context_length, 1u);
  EXPECT_EQ(plan.found().launch.context, 1u);
  EXPECT_EQ(plan.latest_spec().context_length, 2u);
  EXPECT_FALSE(plan.change(spec_with(2))) << "it is on its way already";
  plan.take_next();
  EXPECT_EQ(plan.spec().context_length, 2u);
  EXPECT_NE(plan.key(), key);
}

TEST_F(PlanTest, BackToWhatIsInForceDropsTheNextAndTheLookAtIt) {
  look(spec_with(1), found_with(1));
  plan.take_next();
  EXPECT_TRUE(plan.change(spec_with(2)));
  const auto number = plan.begin_look();
  EXPECT_FALSE(plan.change(spec_with(1)));
  EXPECT_FALSE(plan.is_latest(number));
  EXPECT_FALSE(plan.has_next());
}

TEST_F(PlanTest, RankCountsAtOnceAndNeedsNoLook) {
  look(spec_with(1), found_with(1));
  plan.take_next();
  ModelSpec pinned = spec_with(1);
  pinned.pinned = pinned.main = true;
  pinned.idle_timeout = std::chrono::seconds(7);
  EXPECT_FALSE(plan.change(pinned));
  EXPECT_EQ(plan.spec(), pinned);
}

TEST_F(PlanTest, ALookThatFailsNeverHarmsWhatIsInForce) {
  look(spec_with(1), fail(Code::not_found, "missing"));
  ASSERT_NE(plan.failure(), nullptr);
  EXPECT_EQ(plan.failure()->code, Code::not_found);
  look(spec_with(1), found_with(1));
  plan.take_next();
  EXPECT_EQ(plan.failure(), nullptr);
  look(spec_with(2), fail(Code::invalid, "damaged"));
  EXPECT_TRUE(plan.known());
  EXPECT_EQ(plan.failure(), nullptr);
}

TEST_F(PlanTest, WhoWaitsIsNotDisturbedByALaterLook) {
  std::optional<Result<void>> outcome;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  plan.begin_look();
  asio::cancellation_signal signal;
  auto done = [&](std::exception_ptr, const Result<void>& result) { outcome = result; };
  asio::co_spawn(context, plan.wait_until_known(deadline), asio::bind_cancellation_slot(signal.slot(), done));
  context.poll();
  const auto later = plan.begin_look();
  context.restart();
  context.poll();
  EXPECT_FALSE(outcome);
  ASSERT_TRUE(plan.is_latest(later));
  plan.end_look(spec_with(1), found_with(1));
  plan.take_next();
  context.restart();
  context.poll();
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(*outcome);
}

TEST_F(PlanTest, AWaitEndsAtItsDeadlineOrWhenItIsCancelled) {
  std::optional<Result<void>> late, cancelled;
  const auto past = std::chrono::steady_clock::now();
  asio::co_spawn(context, plan.wait_until_known(past),
                 [&](std::exception_ptr, const Result<void>& result) { late = result; });
  plan.begin_look();
  asio::cancellation_signal signal;
  auto done = [&](std::exception_ptr, const Result<void>& result) { cancelled = result; };
  asio::co_spawn(context, plan.wait_until_known(past + std::chrono::seconds(20)),
                 asio::bind_cancellation_slot(signal.slot(), done));
  context.poll();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->error().code, Code::timeout);
  ASSERT_FALSE(cancelled);
  signal.emit(asio::cancellation_type::terminal);
  context.restart();
  context.poll();
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->error().code, Code::cancelled);
}

}  // namespace
}  // namespace eai::engine
