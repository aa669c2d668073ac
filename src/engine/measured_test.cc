#include "engine/measured.h"

#include <gtest/gtest.h>

#include "engine/launch.h"
#include "engine/model_spec.h"

namespace eai::engine {
namespace {

TEST(Measured, PeaksAreKeptAndDamageIsForgiven) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "measured.json";
  Measured first(file);
  EXPECT_FALSE(first.peak("a"));
  EXPECT_TRUE(first.note("a", 10));
  EXPECT_FALSE(first.note("a", 9));
  ASSERT_TRUE(Measured::save(file, "a", 10));
  EXPECT_EQ(Measured(file).peak("a"), 10u);
  ASSERT_TRUE(write_file_atomic(file, view_of("{\"a\": \"x\", \"b\": -1, \"c\": 3")));
  EXPECT_FALSE(Measured(file).peak("c"));
}

TEST(Measured, WhatWasForgottenDoesNotComeBack) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "measured.json";
  EXPECT_TRUE(Measured::forget(file, "gone"));
  EXPECT_FALSE(fs::exists(file));
  for (const char* key : {"gone/2048/1", "gone/4096/1/workers", "gone2/2048/1"})
    ASSERT_TRUE(Measured::save(file, key, 7));
  Measured server(file);
  ASSERT_TRUE(Measured::forget(file, "gone"));
  ASSERT_TRUE(server.note("gone2/2048/1", 8));
  ASSERT_TRUE(Measured::save(file, "gone2/2048/1", 8));
  const Measured after(file);
  EXPECT_FALSE(after.peak("gone/2048/1"));
  EXPECT_FALSE(after.peak("gone/4096/1/workers"));
  EXPECT_EQ(after.peak("gone2/2048/1"), 8u);
}

// Its files outlive versions of this program, so the keys may not change.
TEST(Measured, KeysTellApartWhatChangesTheNeed) {
  ModelSpec spec;
  spec.id = "hash";
  EXPECT_EQ(Measured::key_of(spec, {.context = 2048, .slots = 4}), "hash/2048/4");
  EXPECT_EQ(Measured::key_of(spec, {.slots = 64, .variant = "/q8_0/offload/tiles"}), "hash/0/64/q8_0/offload/tiles");
  spec.workers = {"a:1"};
  EXPECT_EQ(Measured::key_of(spec, {.context = 2048}), "hash/2048/1/workers");
  spec.extra_arguments = {"--temp", "1"};
  const std::string with_options = Measured::key_of(spec, {.context = 2048});
  EXPECT_EQ(with_options.size(), std::string("hash/2048/1/workers/").size() + 16) << with_options;
  spec.draft = "draft.gguf";
  EXPECT_NE(Measured::key_of(spec, {.context = 2048}), with_options);
}

}  // namespace
}  // namespace eai::engine
