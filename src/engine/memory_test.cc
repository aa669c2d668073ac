#include "engine/memory.h"

#include <gtest/gtest.h>

namespace eai::engine {
namespace {

TEST(Memory, ArithmeticCanBeShown) {
  MemoryEstimate memory{.weights = 2'000'000'000, .context = 1'000'000'000, .process = 500'000'000};
  EXPECT_EQ(memory.arithmetic({.context = 4096}),
            "weights 2.00 GB + context of 4096 tokens 1.00 GB + process 500 MB = 3.50 GB");
}

TEST(Memory, MappedOriginalsOfCopiedWeightsDoNotCount) {
  const MemoryEstimate memory{.weights = 1000, .context = 400, .process = 100};
  EXPECT_EQ(needed_bytes(memory, 500, 1000), 1500u) << "weights used where they are mapped";
  EXPECT_EQ(needed_bytes(memory, 1400, 1000), 1500u) << "nine tenths copied";
  EXPECT_EQ(needed_bytes(memory, 9000, 1000), 9000u);
}

TEST(Memory, ALowPeakSaysNothingAboutWhatIsNotUsedYet) {
  const MemoryEstimate memory{.weights = 1000, .context = 400, .compute = 50, .prompt_cache = 30, .process = 100};
  EXPECT_EQ(need_of(memory, std::nullopt), 1580u);
  EXPECT_EQ(need_of(memory, 1100), 1580u) << "the context is empty";
  EXPECT_EQ(need_of(memory, 900), 1380u) << "weights and process take less than estimated";
  EXPECT_EQ(need_of(memory, 2000), 2000u) << "it has taken that much";
}

TEST(Memory, TheLimitIsFarAboveTheEstimateAndDoesNotOverflow) {
  const MemoryEstimate small{.weights = 50 * k_mib}, large{.weights = 20 * k_gib, .context = 4 * k_gib};
  EXPECT_EQ(memory_limit(small, {.slots = 4}), 100 * k_mib + 2 * k_gib + 128 * k_mib);
  EXPECT_EQ(memory_limit(large, {.slots = 1}), 50 * k_gib + 32 * k_mib);
  const MemoryEstimate endless{.weights = ~0ULL};
  EXPECT_EQ(memory_limit(endless, {.slots = 4}), ~0ULL);
}

TEST(MemoryParts, OfAStartAndOfAnAnswer) {
  MemoryEstimate estimate;
  estimate.weights = 1000;
  estimate.process = 10;
  estimate.context = 800;
  estimate.compute = 80;
  estimate.prompt_cache = 400;
  Launch launch;
  launch.slots = 4;
  EXPECT_EQ(held_at_start(estimate), 1010u);
  EXPECT_EQ(growth_of_answer(estimate, launch), 320u);
  launch.slots = 0;
  EXPECT_EQ(held_at_start(estimate) + growth_of_answer(estimate, launch), estimate.total());
  estimate.context = UINT64_MAX;
  EXPECT_EQ(held_at_start(estimate), 1010u);
  EXPECT_EQ(growth_of_answer(estimate, launch), UINT64_MAX - 1010);
}

}  // namespace
}  // namespace eai::engine
