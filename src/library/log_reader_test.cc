#include "library/log_reader.h"

#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>

namespace eai::library {
namespace {

struct Log : ::testing::Test {
  void append(const std::string& text, const char* ending = "") {
    auto file = open_file(path.string() + ending, O_WRONLY | O_CREAT | O_APPEND);
    ASSERT_TRUE(file && write_all(file->get(), view_of(text)));
  }
  void rotate() { fs::rename(path, path.string() + ".1"); }
  std::vector<std::string> heard() { return std::exchange(lines, {}); }
  using Lines = std::vector<std::string>;

  TemporaryFolder folder;
  fs::path path = folder.path() / "x.log";
  Lines lines;
  LogReader reader{path, [this](std::string_view line) { lines.emplace_back(line); }};
};

TEST_F(Log, TheLastLines) {
  EXPECT_EQ(reader.last(3).error().code, Code::not_found);
  append("one\ntwo\nthree\n");
  ASSERT_TRUE(reader.last(2));
  EXPECT_EQ(heard(), (Lines{"two", "three"}));
  ASSERT_TRUE(reader.last(0));
  EXPECT_EQ(heard(), Lines{});
  ASSERT_TRUE(reader.last(9));
  EXPECT_EQ(heard(), (Lines{"one", "two", "three"}));
}

TEST_F(Log, ManyBlocksAreCountedFromTheEnd) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "line " + std::to_string(i) + "\n";
  append(text);
  ASSERT_TRUE(reader.last(15000));
  EXPECT_EQ(lines.size(), 15000u);
  EXPECT_EQ(lines.front(), "line 5000");
  EXPECT_EQ(lines.back(), "line 19999");
}

TEST_F(Log, ThePredecessorHelpsOut) {
  append("old 1\nold 2\nold 3\n");
  rotate();
  append("new 1\n");
  ASSERT_TRUE(reader.last(3));
  EXPECT_EQ(heard(), (Lines{"old 2", "old 3", "new 1"}));
}

TEST_F(Log, FollowsAcrossARotation) {
  append("one\n");
  ASSERT_TRUE(reader.last(5));
  append("two\nhal");
  ASSERT_TRUE(reader.more());
  EXPECT_EQ(heard(), (Lines{"one", "two"}));
  append("f\nbefore\n");
  rotate();
  append("after\n");
  ASSERT_TRUE(reader.more());
  EXPECT_EQ(heard(), (Lines{"half", "before", "after"}));
  append("on\n");
  ASSERT_TRUE(reader.more());
  EXPECT_EQ(heard(), Lines{"on"});
}

TEST_F(Log, OneThatIsNotThereYet) {
  ASSERT_TRUE(reader.more());
  append("first\nlast words");
  ASSERT_TRUE(reader.more());
  EXPECT_EQ(heard(), Lines{"first"});
  reader.rest();
  EXPECT_EQ(heard(), Lines{"last words"});
}

TEST_F(Log, EmptiedInPlace) {
  append("one\ntwo\n");
  ASSERT_TRUE(reader.last(5));
  heard();
  fs::resize_file(path, 0);
  append("new\n");
  ASSERT_TRUE(reader.more());
  EXPECT_EQ(heard(), Lines{"new"});
}

}  // namespace
}  // namespace eai::library
