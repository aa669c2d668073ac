#include "engine/brief_run.h"

#include <gtest/gtest.h>

namespace eai::engine {
namespace {

struct BriefRunTest : ::testing::Test {
  // A program that does this.
  fs::path program(const std::string& script) {
    const fs::path path = folder.path() / "engine";
    EXPECT_TRUE(write_file_atomic(path, view_of("#!/bin/sh\n" + script + "\n")));
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  TemporaryFolder folder;
};

TEST_F(BriefRunTest, BothStreamsAreHeard) {
  const auto told = run_briefly(program("echo \"$1\"; echo loading >&2"), {"one"});
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->output, "one\n");
  EXPECT_EQ(told->diary, "loading\n");
}

TEST_F(BriefRunTest, WhatFailsSaysItsLastWords) {
  const auto failed = run_briefly(program("echo trying; echo 'a library is missing' >&2; exit 127"), {"--version"});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::io);
  EXPECT_TRUE(failed.error().message.ends_with("engine --version exited with status 127: a library is missing"))
      << failed.error().message;
  EXPECT_FALSE(run_briefly(folder.path() / "missing", {}));
  EXPECT_NE(run_briefly(program("kill -9 $$"), {}).error().message.find("signal 9"), std::string::npos);
}

TEST_F(BriefRunTest, OneThatWritesWithoutEndDoesNotFillTheMemory) {
  const auto told = run_briefly(program("head -c 300000 /dev/zero | tr '\\0' x"), {});
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_LT(told->output.size(), 80'000U);
}

TEST(Version, IsFoundBesideWhateverElseIsSaid) {
  EXPECT_EQ(version_in({"", "loading a backend\nversion: 1 (0123abc)\nbuilt with GNU 12\n"}), "1 (0123abc)");
  EXPECT_EQ(version_in({"\n0.3.1\n", "some words\n"}), "0.3.1");
  EXPECT_EQ(version_in({"", "\x1b[2Jsix\n"}), "?[2Jsix");
  EXPECT_EQ(version_in({"", ""}), "");
}

}  // namespace
}  // namespace eai::engine
