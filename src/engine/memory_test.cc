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

}  // namespace
}  // namespace eai::engine
