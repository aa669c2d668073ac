#include "engine/known_fits.h"

#include <gtest/gtest.h>

#include "util/text.h"

namespace eai::engine {
namespace {

struct KnownFitsTest : ::testing::Test {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "fits.json";
};

TEST_F(KnownFitsTest, AreGivenToTheProgramThatToldThem) {
  ASSERT_TRUE(KnownFits::save(file, "a/1", {"12-34", R"(with "quotes" and \)"}));
  const KnownFits fits(file);
  EXPECT_EQ(fits.find("a/1", "12-34").text, R"(with "quotes" and \)");
  EXPECT_EQ(fits.find("a/1", "12-35"), (KnownFit{"12-35", ""}));
  EXPECT_EQ(fits.find("a/2", "12-34"), (KnownFit{"12-34", ""}));
}

TEST_F(KnownFitsTest, ALaterOneTakesThePlaceAndAnEmptyOneRemovesIt) {
  KnownFits fits(file);
  EXPECT_FALSE(fits.note("a/1", {}));
  EXPECT_TRUE(fits.note("a/1", {"e", "one"}));
  EXPECT_FALSE(fits.note("a/1", {"e", "one"}));
  EXPECT_TRUE(fits.note("a/1", {"f", "two"}));
  EXPECT_EQ(fits.find("a/1", "e").text, "");
  EXPECT_EQ(fits.find("a/1", "f").text, "two");
  EXPECT_TRUE(fits.note("a/1", {}));
  EXPECT_EQ(fits.find("a/1", "f").text, "");
  EXPECT_FALSE(fs::exists(file)) << "nothing is written";
}

TEST_F(KnownFitsTest, WhatOthersWroteMeanwhileStays) {
  ASSERT_TRUE(KnownFits::save(file, "gone/1", {"e", "one"}));
  const KnownFits server(file);
  ASSERT_TRUE(KnownFits::save(file, "gone2/1", {"e", "two"}));
  ASSERT_TRUE(KnownFits::forget(file, "gone"));
  ASSERT_TRUE(KnownFits::save(file, "other/1", {"e", "three"}));
  const KnownFits after(file);
  EXPECT_EQ(after.find("gone/1", "e").text, "") << "it does not come back";
  EXPECT_EQ(after.find("gone2/1", "e").text, "two");
  EXPECT_EQ(after.find("other/1", "e").text, "three");
  ASSERT_TRUE(KnownFits::save(file, "other/1", {}));
  EXPECT_EQ(KnownFits(file).find("other/1", "e").text, "");
}

TEST_F(KnownFitsTest, DamageCountsAsEmpty) {
  EXPECT_TRUE(KnownFits::forget(file, "gone"));
  EXPECT_TRUE(KnownFits::save(file, "a/1", {}));
  EXPECT_FALSE(fs::exists(file));
  for (const char* damaged :
       {"", "[]", "{", R"({"a/1": 7})", R"({"a/1": {"engine": "e"}})", R"({"a/1": {"engine": "e", "fit": ["x"]}})",
        R"({"a/1": {"engine": 1, "fit": "x"}})", R"({"a/1": {"engine": "e", "fit": "x"})"}) {
    ASSERT_TRUE(write_file_atomic(file, view_of(damaged)));
    EXPECT_EQ(KnownFits(file).find("a/1", "e").text, "") << damaged;
  }
  ASSERT_TRUE(KnownFits::save(file, "a/1", {"e", "whole"}));
  EXPECT_EQ(KnownFits(file).find("a/1", "e").text, "whole");
}

TEST_F(KnownFitsTest, OnlyTheLatestAreKept) {
  KnownFits fits(file);
  for (std::size_t i = 0; i < k_most_fits; ++i) fits.note(std::to_string(i), {"e", "x"});
  fits.note("0", {"e", "again"});
  fits.note("new", {"e", "x"});
  EXPECT_EQ(fits.find("0", "e").text, "again");
  EXPECT_EQ(fits.find("1", "e").text, "") << "it was the oldest";
  EXPECT_EQ(fits.find("2", "e").text, "x");
  EXPECT_EQ(fits.find("new", "e").text, "x");
}

TEST_F(KnownFitsTest, TheLongestTextsCanBeReadBack) {
  for (std::size_t i = 0; i < k_most_fits; ++i)
    ASSERT_TRUE(KnownFits::save(file, std::to_string(i), {"e", std::string(16 * k_kib, '"')}));
  EXPECT_EQ(KnownFits(file).find("0", "e").text.size(), 16 * k_kib);
}

TEST_F(KnownFitsTest, TheStampOfAProgramChangesWithIt) {
  const fs::path program = folder.path() / "engine";
  EXPECT_EQ(stamp_of(program), "");
  ASSERT_TRUE(write_file_atomic(program, view_of("one")));
  const std::string stamp = stamp_of(program);
  EXPECT_EQ(stamp_of(program), stamp);
  fs::last_write_time(program, fs::last_write_time(program) + std::chrono::seconds(1));
  EXPECT_NE(stamp_of(program), stamp);
}

}  // namespace
}  // namespace eai::engine
