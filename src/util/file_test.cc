#include "util/file.h"

#include <array>
#include <climits>
#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif

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

TEST(File, AskingWhetherALockIsHeldChangesNothing) {
  TemporaryFolder folder;
  const fs::path path = folder.path() / "lock";
  EXPECT_FALSE(*FileLock::is_held(path));
  EXPECT_FALSE(fs::exists(path));
  {
    auto held = FileLock::take(path, FileLock::Wait::no);
    ASSERT_TRUE(held);
    EXPECT_TRUE(*FileLock::is_held(path));
  }
  EXPECT_FALSE(*FileLock::is_held(path));
  // However often somebody asks, whoever wants the lock gets it.
  std::jthread curious([&path](const std::stop_token& stop) {
    while (!stop.stop_requested()) EXPECT_TRUE(FileLock::is_held(path));
  });
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(FileLock::take(path, FileLock::Wait::no)) << i;
}

#ifdef __linux__  // inotify tells when the second one has opened the file
TEST(File, WhoWaitsForALockGetsItAlsoWhenItsFileIsRemoved) {
  TemporaryFolder folder;
  const fs::path path = folder.path() / "lock";
  std::optional<FileLock> first = *FileLock::take(path, FileLock::Wait::no);
  const UniqueFd watch(::inotify_init1(IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watch.get(), path.c_str(), IN_OPEN), 0);
  auto waiting = std::async(std::launch::async, [&path] { return FileLock::take(path, FileLock::Wait::yes); });
  std::array<char, sizeof(inotify_event) + NAME_MAX + 1> opened{};
  ASSERT_GT(::read(watch.get(), opened.data(), opened.size()), 0);
  fs::remove(path);
  first.reset();
  const auto second = waiting.get();
  ASSERT_TRUE(second);
  EXPECT_EQ(FileLock::take(path, FileLock::Wait::no).error().code, Code::busy) << "there is one lock, not two";
}
#endif

TEST(File, BytesBelowAFolderOrOfAFile) {
  TemporaryFolder folder;
  ASSERT_TRUE(make_folders(folder.path() / "a/b"));
  ASSERT_TRUE(write_file_atomic(folder.path() / "a/one", view_of("123")));
  ASSERT_TRUE(write_file_atomic(folder.path() / "a/b/two", view_of("12345")));
  EXPECT_EQ(bytes_below(folder.path()), 8u);
  EXPECT_EQ(bytes_below(folder.path() / "a/one"), 3u);
  EXPECT_EQ(bytes_below(folder.path() / "none"), 0u);
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
