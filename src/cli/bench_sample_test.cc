#include "cli/bench_sample.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace eai::cli {
namespace {

TEST(BenchSample, TheMedianIsInTheMiddle) {
  const Spread odd = spread_of({3, 1, 2});
  EXPECT_EQ(odd.median, 2);
  EXPECT_EQ(odd.least, 1);
  EXPECT_EQ(odd.most, 3);
  EXPECT_EQ(spread_of({4, 1, 2, 3}).median, 2.5);
  EXPECT_EQ(spread_of({7}).median, 7);
}

TEST(BenchSample, PromptsAreOfOrdinaryTokens) {
  std::mt19937_64 chance(1);
  const auto prompt = random_prompt(1000, 400, chance);
  EXPECT_EQ(prompt.size(), 1000U);
  EXPECT_TRUE(std::ranges::all_of(prompt, [](std::uint32_t token) { return token >= 100 && token <= 300; }));
  EXPECT_NE(prompt, random_prompt(1000, 400, chance)) << "each is another one";
  EXPECT_EQ(random_prompt(3, 0, chance).size(), 3U) << "a vocabulary that nobody knows";
}

}  // namespace
}  // namespace eai::cli
