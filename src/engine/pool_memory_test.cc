// The pool and memory: who lies in it together, and what happens when it is short, whoever took it.
#include "engine/llama_launch.h"
#include "engine/pool.h"
#include "engine/pool_testing.h"

namespace eai::engine {
namespace {

State state_of(const Pool& pool, std::size_t index) { return pool.status()[index].state; }

TEST_F(PoolTest, WhatLiesInMemoryTogetherIsDecidedByWhatIsThere) {
  PoolOptions with = options();
  ModelSpec one = model("good"), two = model("silent");
  one.context_length = two.context_length = 1 << 20;
  const std::uint64_t full = inspect_llama_model(one)->memory.total();
  const std::uint64_t start = held_at_start(inspect_llama_model(one)->memory);
  ASSERT_GT(full, 2 * start + full / 3) << "the context is most of it";
  with.memory_budget = full + full / 2;
  Pool pool(context, with, {one, two});
  { ASSERT_TRUE(lease(pool, one.id)); }
  { ASSERT_TRUE(lease(pool, two.id)); }
  EXPECT_EQ(state_of(pool, 0), State::ready);
  EXPECT_EQ(state_of(pool, 1), State::ready);
  const PoolStatus totals = pool.totals();
  EXPECT_LE(totals.taken, totals.used);
  EXPECT_LE(totals.used, totals.budget);
  EXPECT_GT(totals.full, totals.budget) << "both contexts would not fit if they were full";
}

struct ShortageTest : PoolTest {
  PoolOptions watchful() {
    PoolOptions with = options();
    with.watch_every = with.watch_every_at_work = milliseconds(5);
    with.free_memory = [this] { return left; };
    return with;
  }
  std::optional<std::uint64_t> left = UINT64_MAX;
};

TEST_F(ShortageTest, TheIdleOneGoesAndTheOneThatAnswersStays) {
  Pool pool(context, watchful(), {model("good"), model("silent")});
  const auto busy = lease(pool, "idgood");
  { ASSERT_TRUE(lease(pool, "idsilent")); }
  context.run_for(milliseconds(50));
  ASSERT_EQ(state_of(pool, 1), State::ready);
  left = 1;
  const auto end = std::chrono::steady_clock::now() + seconds(20);
  while (state_of(pool, 1) != State::absent && std::chrono::steady_clock::now() < end)
    context.run_one_for(milliseconds(50));
  EXPECT_EQ(state_of(pool, 1), State::absent);
  context.run_for(milliseconds(50));
  EXPECT_EQ(state_of(pool, 0), State::ready) << "a model with a lease is never stopped";
  EXPECT_EQ(busy->ended(), "");
  EXPECT_EQ(pool.totals().evictions, 1u);
  left = UINT64_MAX;
  EXPECT_TRUE(lease(pool, "idsilent")) << "it comes back with the next request";
}

TEST_F(ShortageTest, WhereTheSystemDoesNotTellNothingGoes) {
  left.reset();
  Pool pool(context, watchful(), {model("good")});
  { ASSERT_TRUE(lease(pool, "idgood")); }
  context.run_for(milliseconds(50));
  EXPECT_EQ(state_of(pool, 0), State::ready);
}

}  // namespace
}  // namespace eai::engine
