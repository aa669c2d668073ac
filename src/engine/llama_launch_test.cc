#include "engine/llama_launch.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "engine/gguf_testing.h"
#include "engine/kv_cache.h"
#include "engine/llama.h"
#include "engine/llama_options.h"

namespace eai::engine {
namespace {

// What llama.cpp itself would take, in MiB, from the program that prints it without allocating.
struct Fit {
  double context = 0, compute = 0;
};

Fit ask_llama_fit_params(const fs::path& model, const Launch& launch) {
  const std::string command = std::string(EAI_BUILD_DIR) + "/libexec/eai/llama-fit-params -m '" + model.string() +
                              "' -c " + std::to_string(launch.context) + " -ub " + std::to_string(launch.batch) +
                              " -b 2048 -np " + std::to_string(launch.slots) + " -fitp on 2>/dev/null";
  FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 256> line{};
  Fit fit;
  double weights = 0;
  while (std::fgets(line.data(), line.size(), pipe) != nullptr)
    std::sscanf(line.data(), "Host %lf %lf %lf", &weights, &fit.context, &fit.compute);
  EXPECT_EQ(::pclose(pipe), 0) << "is llama-fit-params staged? (target \"engines\"): " << command;
  return fit;
}

TEST(LlamaArguments, AFitIsMadeWhereThereIsADeviceAndTheUserDoesNotPlaceLayers) {
  ModelSpec spec;
  Launch launch;
  const auto value = [&](std::string_view option) {
    return std::string(value_of(llama_arguments(spec, launch, "x.sock"), option));
  };
  const auto warms_up = [&] {
    const auto arguments = llama_arguments(spec, launch, "x.sock");
    return std::ranges::find(arguments, "--no-warmup") == arguments.end();
  };
  EXPECT_EQ(value("--fit"), "off");
  EXPECT_FALSE(warms_up());
  launch.on_device = true;
  EXPECT_EQ(value("--fit"), "");
  EXPECT_TRUE(warms_up());
  spec.extra_arguments = {"--n-gpu-layers", "7"};
  EXPECT_EQ(value("--fit"), "off");
  EXPECT_TRUE(warms_up());
  launch.on_device = false;
  spec.workers = {"127.0.0.1:50052"};
  EXPECT_EQ(value("--fit"), "off");
  spec.extra_arguments = {};
  EXPECT_EQ(value("--fit"), "");
  EXPECT_TRUE(warms_up());
}

TEST(Memory, EstimateIsWithinATenthOfLlamaFitParams) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "shape.gguf";
  const std::array shapes = {
      Shape{.blocks = 32,
            .width = 4096,
            .feed = 14336,
            .heads = 32,
            .kv_heads = 8,
            .head = 128,
            .vocabulary = 128256,
            .q4 = true},
      Shape{.architecture = "qwen3",
            .blocks = 28,
            .width = 2048,
            .feed = 6144,
            .heads = 16,
            .kv_heads = 8,
            .head = 128,
            .vocabulary = 151936,
            .q4 = true},
      Shape{.architecture = "gemma3",
            .blocks = 34,
            .width = 2560,
            .feed = 10240,
            .heads = 8,
            .kv_heads = 4,
            .head = 256,
            .vocabulary = 262144,
            .window = 1024,
            .q4 = true},
      Shape{.architecture = "qwen3moe",
            .blocks = 48,
            .width = 2048,
            .feed = 768,
            .heads = 32,
            .kv_heads = 4,
            .head = 128,
            .vocabulary = 151936,
            .experts = 128,
            .q4 = true},
      Shape{.blocks = 80,
            .width = 8192,
            .feed = 28672,
            .heads = 64,
            .kv_heads = 8,
            .head = 128,
            .vocabulary = 32000,
            .q4 = true},
  };
  for (const Shape& shape : shapes) {
    const std::uint64_t weights = write_shape(shape, file);
    const auto info = read_gguf_file(file);
    ASSERT_TRUE(info) << info.error().message;
    for (const Launch& launch : {Launch{.context = 2048, .batch = 512}, Launch{.context = 131072, .batch = 1024}}) {
      const MemoryEstimate memory = estimate_memory(*info, launch);
      const Fit fit = ask_llama_fit_params(file, launch);
      const double theirs = fit.context + fit.compute;
      const double ours = static_cast<double>(memory.context + memory.compute) / k_mib;
      EXPECT_EQ(memory.weights, weights);
      EXPECT_NEAR(ours, theirs, theirs / 10) << shape.architecture << " " << launch.context;
    }
  }
}

TEST(Memory, EngineOptionsThatChangeItCount) {
  model::GgufInfo info;
  info.architecture = "llama";
  info.block_count = 2;
  info.embedding_length = 64;
  info.vocabulary = 1000;
  info.layers.head_count_kv = {2};
  info.layers.key_length = info.layers.value_length = 32;
  info.context_length = 4096;
  ModelSpec spec;
  const Launch usual = plan_launch(spec, info);
  EXPECT_EQ(context_bytes(info, usual), 2u * 4096 * 2 * 64 * 2);
  spec.extra_arguments = {"--cache-type-k", "q8_0", "--temp", "1", "--ubatch-size", "1024", "--cache-type-v", "f32"};
  const Launch other = plan_launch(spec, info);
  EXPECT_EQ(context_bytes(info, other), 2u * 4096 * 2 * 32 * 34 / 32 + 2u * 4096 * 2 * 32 * 4);
  EXPECT_EQ(other.batch, 1024u);
  spec.task = model::Task::embed;
  EXPECT_EQ(plan_launch(spec, info).outputs, 1024u) << "of the whole batch";
  EXPECT_EQ(value_of({"--a", "--b", "1", "--b", "2"}, "--b"), "2");
  EXPECT_EQ(value_of({"--b"}, "--b"), "");
}

TEST(Memory, HugeClaimsSaturate) {
  model::GgufInfo info;
  info.architecture = "llama";
  info.block_count = UINT64_MAX;
  info.embedding_length = info.feed_forward_length = info.vocabulary = info.tensor_bytes = UINT64_MAX;
  info.layers.head_count_kv = {UINT64_MAX};
  info.layers.key_length = info.layers.value_length = UINT64_MAX;
  const MemoryEstimate memory = estimate_memory(info, {.context = UINT32_MAX, .slots = 4, .batch = 512});
  EXPECT_EQ(memory.total(), UINT64_MAX);
}

TEST(Memory, DefaultsOfALaunch) {
  model::GgufInfo info;
  info.context_length = 131072;
  ModelSpec chat;
  EXPECT_EQ(plan_launch(chat, info).context, 32768u);
  EXPECT_EQ(plan_launch(chat, info).batch, 512u);
  ModelSpec embed;
  embed.task = model::Task::embed;
  info.pooling = 1;
  EXPECT_EQ(plan_launch(embed, info).batch, plan_launch(embed, info).context) << "the whole input in one batch";
  info.pooling = 3;
  EXPECT_EQ(plan_launch(embed, info).batch, 512u) << "pooled from the last token: in steps";
  chat.context_length = 4096;
  EXPECT_EQ(plan_launch(chat, info).context, 4096u);
}

TEST(LlamaArguments, ARerankerIsTold) {
  ModelSpec spec;
  spec.task = model::Task::embed;
  model::GgufInfo info;
  for (const std::uint32_t pooling : {1u, 4u}) {
    info.pooling = pooling;
    const auto arguments = llama_arguments(spec, plan_launch(spec, info), "x.sock");
    EXPECT_EQ(value_of(arguments, "--pooling"), pooling == 4 ? "rank" : "");
  }
}

}  // namespace
}  // namespace eai::engine
