#include "util/file_window.h"

#include <algorithm>
#include <csignal>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/file.h"

namespace eai {
namespace {

constexpr std::size_t k_size = 300'000;

struct FileWindowTest : testing::Test {
  FileWindowTest() {
    for (std::size_t i = 0; i < k_size; ++i) content.push_back(static_cast<std::uint8_t>(i * 7 + i / 256 + 1));
    EXPECT_TRUE(write_file_atomic(path, content));
    file = std::move(*open_file(path, O_RDWR));
  }
  std::shared_ptr<const FileWindow> window(std::uint64_t offset, std::size_t size) {
    auto opened = FileWindow::open(file.get(), offset, size);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *opened : nullptr;
  }
  bool holds(const FileWindow& window, std::uint64_t offset) const {
    const auto expected = ByteView(content).subspan(static_cast<std::size_t>(offset), window.bytes().size());
    return std::equal(window.bytes().begin(), window.bytes().end(), expected.begin(), expected.end());
  }

  TemporaryFolder folder;
  fs::path path = folder.path() / "file";
  Bytes content;
  UniqueFd file;
};

TEST_F(FileWindowTest, ShowsTheBytesFromAnyOffset) {
  for (const std::uint64_t offset : {0, 1, 4095, 4096, 70'001}) {
    const auto seen = window(offset, k_size - 70'001);
    EXPECT_TRUE(holds(*seen, offset)) << offset;
    EXPECT_FALSE(seen->cut());
  }
  EXPECT_EQ(window(5, 0)->bytes().size(), 0u);
}

TEST_F(FileWindowTest, MoreThanCanBeMappedAreReadInstead) {
  std::vector<std::shared_ptr<const FileWindow>> many;
  for (std::uint64_t i = 0; i < 200; ++i) many.push_back(window(i * 1000, 5000));
  for (std::uint64_t i = 0; i < 200; ++i) EXPECT_TRUE(holds(*many[static_cast<std::size_t>(i)], i * 1000)) << i;
  many.clear();
  EXPECT_TRUE(holds(*window(0, k_size), 0));
}

TEST_F(FileWindowTest, AFileThatIsCutGivesZerosAndSaysSo) {
  const auto whole = window(0, k_size);
  const auto kept = window(0, 4096);
  ASSERT_EQ(::ftruncate(file.get(), 4096), 0);
  EXPECT_EQ(whole->bytes()[k_size - 1], 0);
  EXPECT_TRUE(whole->cut());
  EXPECT_TRUE(holds(*kept, 0));
  EXPECT_FALSE(kept->cut());
  // The next window in the same place knows nothing of it.
  EXPECT_FALSE(window(0, 4096)->cut());
}

TEST_F(FileWindowTest, WhatIsNotThereAnyMoreIsSeenToBeMissing) {
  const auto beyond = window(200'000, k_size);  // longer than the file
  EXPECT_EQ(beyond->bytes()[k_size - 1], 0);
  EXPECT_TRUE(beyond->cut());
}

TEST_F(FileWindowTest, TheFaultOfAnybodyElseEndsTheProgram) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto ours = window(0, 4096);
  EXPECT_EXIT(
      {
        const auto again = window(0, 4096);
        const void* at = ::mmap(nullptr, k_size, PROT_READ, MAP_SHARED, file.get(), 0);
        if (::ftruncate(file.get(), 0) == 0) ::_exit(static_cast<const volatile char*>(at)[200'000]);
      },
      testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace eai
