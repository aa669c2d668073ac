#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "cli/commands.h"
#include "util/file.h"

namespace eai::cli {
namespace {

// A GGUF with a header and one tensor, as a hole behind it is enough for an estimate.
struct Gguf {
  Bytes keys, whole;
  std::uint64_t count = 0;

  static void number(Bytes& to, std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  static void text(Bytes& to, std::string_view value) {
    number(to, value.size(), 8);
    to.insert(to.end(), value.begin(), value.end());
  }
  void key(std::string_view name, std::uint32_t value) {
    text(keys, name);
    number(keys, 4, 4);
    number(keys, value, 4);
    ++count;
  }
  void key(std::string_view name, std::string_view value) {
    text(keys, name);
    number(keys, 8, 4);
    text(keys, value);
    ++count;
  }
  // One tensor of `width` × `rows` numbers of four bytes.
  void save(const fs::path& path, std::uint64_t width, std::uint64_t rows) {
    number(whole, 0x46554747, 4);
    number(whole, 3, 4);
    number(whole, 1, 8);
    number(whole, count, 8);
    whole.insert(whole.end(), keys.begin(), keys.end());
    text(whole, "token_embd.weight");
    number(whole, 2, 4);
    number(whole, width, 8);
    number(whole, rows, 8);
    number(whole, 0, 4);
    number(whole, 0, 8);
    while (whole.size() % 32 != 0) whole.push_back(0);
    ASSERT_TRUE(write_file_atomic(path, whole));
    fs::resize_file(path, whole.size() + width * rows * 4);
  }
};

struct Estimate : ::testing::Test {
  void SetUp() override {
    Gguf model;
    model.key("general.architecture", "llama");
    model.key("llama.context_length", 131072);
    model.key("llama.embedding_length", 1024);
    model.key("llama.block_count", 16);
    model.key("llama.feed_forward_length", 4096);
    model.key("llama.attention.head_count", 16);
    model.key("llama.attention.head_count_kv", 8);
    model.save(file, 1024, 1000);
  }
  Result<int> run(std::vector<std::string> models) {
    words.models = std::move(models);
    Output out({true, false});
    Context context{words, config, folders, out};
    ::testing::internal::CaptureStdout();
    auto status = model_estimate(context);
    std::fflush(stdout);
    printed = ::testing::internal::GetCapturedStdout();
    return status;
  }
  std::uint64_t told(const char* name) const { return boost::json::parse(printed).at(name).to_number<std::uint64_t>(); }
  std::uint64_t part(const char* name) const {
    return boost::json::parse(printed).at("bytes").at(name).to_number<std::uint64_t>();
  }

  TemporaryFolder folder;
  fs::path file = folder.path() / "model.gguf";
  Words words;
  Config config;
  Folders folders{folder.path() / "home",
                  folder.path() / "home/run",
                  folder.path() / "home/logs",
                  folder.path() / "home/config",
                  {},
                  {},
                  {}};
  std::string printed;
};

TEST_F(Estimate, AFileOutsideTheStore) {
  config.server.context_length = 8192;
  config.server.parallel = 2;
  config.server.memory_limit = {64 * k_gib};
  auto status = run({file.string()});
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(told("context_length"), 8192u);
  EXPECT_EQ(told("parallel"), 2u);
  EXPECT_EQ(told("budget"), 64 * k_gib);
  EXPECT_EQ(part("weights"), 1024u * 1000 * 4);
  // Keys and values of 8 heads of 64 numbers, 2 bytes each, in 16 layers.
  EXPECT_EQ(part("context"), 8192ull * 16 * 8 * 64 * 2 * 2);
  std::uint64_t sum = 0;
  for (const char* name : {"weights", "context", "compute", "projector", "companions", "prompt_cache", "process"}) {
    sum += part(name);
  }
  EXPECT_EQ(told("total"), sum);
  EXPECT_NE(printed.find("\"fits\":true"), std::string::npos);
  EXPECT_FALSE(fs::exists(folders.home)) << "nothing is made for a look at a file";
  config.server.memory_limit = {100 * k_mib};
  ASSERT_TRUE(run({file.string()}));
  EXPECT_NE(printed.find("\"fits\":false"), std::string::npos);
}

TEST_F(Estimate, ALongerContextTakesMore) {
  config.server.context_length = 4096;
  ASSERT_TRUE(run({file.string()}));
  const std::uint64_t small = told("total");
  config.server.context_length = 65536;
  ASSERT_TRUE(run({file.string()}));
  EXPECT_GT(told("total"), small + (65536 - 4096) * 32768ull);
}

TEST_F(Estimate, WhatIsNoModelIsNamed) {
  EXPECT_EQ(run({}).error().code, Code::invalid);
  EXPECT_EQ(run({"./missing.gguf"}).error().code, Code::not_found);
  EXPECT_TRUE(run({folder.path().string()})) << "a folder with one model is that model";
  EXPECT_EQ(run({"/dev/zero"}).error().code, Code::invalid);
  ASSERT_TRUE(write_file_atomic(folder.path() / "text.gguf", view_of("GGUF?")));
  const auto status = run({(folder.path() / "text.gguf").string()});
  EXPECT_EQ(status.error().code, Code::invalid);
  EXPECT_NE(status.error().message.find("text.gguf"), std::string::npos);
  EXPECT_EQ(run({"no-such-model"}).error().code, Code::not_found);
}

TEST_F(Estimate, AProjectorMustBeOne) {
  config.estimate.projector = file.string();
  const auto status = run({file.string()});
  EXPECT_EQ(status.error().code, Code::invalid);
  EXPECT_NE(status.error().message.find("not an image projector"), std::string::npos);
  config.estimate.projector = "/nowhere.gguf";
  EXPECT_EQ(run({file.string()}).error().code, Code::not_found);
}

}  // namespace
}  // namespace eai::cli
