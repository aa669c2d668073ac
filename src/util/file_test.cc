#include "util/file.h"

#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace eai {
namespace {

TEST(File, AtomicWriteReplacesWholeContentAndLeavesNothingBeside) {
  TemporaryFolder folder;
  fs::path path = folder.path() / "a";
  ASSERT_TRUE(write_file_atomic(path, view_of("first, longer")));
  ASSERT_TRUE(write_file_atomic(path, view_of("second"), 0640));
  EXPECT_EQ(text_of(*read_file(path, 100)), "second");
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(File, ReadIsBounded) {
  TemporaryFolder folder;
  fs::path path = folder.path() / "a";
  ASSERT_TRUE(write_file_atomic(path, view_of("12345")));
  EXPECT_TRUE(read_file(path, 5));
  EXPECT_EQ(read_file(path, 4).error().code, Code::invalid);
  EXPECT_EQ(read_file(folder.path() / "none", 4).error().code, Code::not_found);
  EXPECT_EQ(read_file(folder.path(), 4).error().code, Code::invalid);
}

TEST(File, LockIsExclusiveAndEndsWithTheObject) {
  TemporaryFolder folder;
  fs::path path = folder.path() / "lock";
  {
    auto first = FileLock::take(path, FileLock::Wait::no);
    ASSERT_TRUE(first);
    EXPECT_EQ(FileLock::take(path, FileLock::Wait::no).error().code, Code::busy);
  }
  EXPECT_TRUE(FileLock::take(path, FileLock::Wait::no));
}

TEST(File, ReadAtFailsPastTheEnd) {
  TemporaryFolder folder;
  fs::path path = folder.path() / "a";
  ASSERT_TRUE(write_file_atomic(path, view_of("12345")));
  auto fd = open_file(path, O_RDWR);
  ASSERT_TRUE(fd);
  Bytes three(3);
  ASSERT_TRUE(read_at(fd->get(), 2, three));
  EXPECT_EQ(text_of(three), "345");
  EXPECT_EQ(read_at(fd->get(), 3, three).error().code, Code::io);
}

TEST(File, FoldersAreMadeWithParentsAndFailOnAFile) {
  TemporaryFolder folder;
  EXPECT_TRUE(make_folders(folder.path() / "a/b/c"));
  EXPECT_TRUE(make_folders(folder.path() / "a/b/c"));
  std::ofstream(folder.path() / "file") << "x";
  EXPECT_FALSE(make_folders(folder.path() / "file"));
  EXPECT_FALSE(make_folders(folder.path() / "file/below"));
}

TEST(File, FreeSpaceAsksTheNearestExistingFolder) {
  TemporaryFolder folder;
  auto space = free_space(folder.path() / "not/yet/there");
  ASSERT_TRUE(space);
  EXPECT_GT(*space, 0u);
}

}  // namespace
}  // namespace eai
