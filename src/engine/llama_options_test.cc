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

TEST(LlamaArguments, LayersAreTheUsersIfTheUserPlacesThem) {
  using Words = std::vector<std::string>;
  for (const Words& placed :
       {Words{"--n-gpu-layers", "20"}, Words{"--temp", "1", "--gpu-layers", "all"}, Words{"--cpu-moe"},
        Words{"--n-cpu-moe", "8"}, Words{"--gpu-layers", "auto", "--n-gpu-layers", "0"}})
    EXPECT_TRUE(places_layers(placed)) << placed.front();
  for (const Words& left : {Words{}, Words{"--n-gpu-layers", "auto"}, Words{"--main-gpu", "1", "--no-warmup"},
                            Words{"--n-cpu-moe", "0"}, Words{"--n-gpu-layers", "9", "--gpu-layers", "auto"}})
    EXPECT_FALSE(places_layers(left)) << (left.empty() ? "" : left.front());
}

}  // namespace
}  // namespace eai::engine
