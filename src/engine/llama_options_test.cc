#include "engine/llama_options.h"

#include <gtest/gtest.h>

namespace eai::engine {
namespace {

TEST(LlamaArguments, OnlyWhatIsOnTheListMayBeSet) {
  EXPECT_TRUE(check_extra_arguments({"--temp", "0.8", "--no-warmup", "--flash-attn", "on", "--main-gpu", "-1"}));
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{{"--host", "0.0.0.0"},
                                                                                   {"--tools", "all"},
                                                                                   {"--media-path", "/"},
                                                                                   {"--temp"},
                                                                                   {"--temp", "warm"},
                                                                                   {"--model-url", "http://x"},
                                                                                   {"--flash-attn", "--tools"},
                                                                                   {"--log-prompts-dir", "/tmp"},
                                                                                   {""}})
    EXPECT_FALSE(check_extra_arguments(bad)) << bad.front();
  EXPECT_NE(check_extra_arguments({"--tempp", "1"}).error().message.find("--temp?"), std::string::npos);
}

}  // namespace
}  // namespace eai::engine
