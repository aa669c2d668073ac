#include "peers/block_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace eai::peers {
namespace {

const ipld::Cid k_id = ipld::Cid::raw_of(view_of("x"));

TEST(FolderBlock, IsNotFoundWhereThereIsNone) {
  TemporaryFolder folder;
  EXPECT_EQ(FolderBlock::open(folder.path(), k_id).error().code, Code::not_found);
  fs::create_directory(folder.path() / k_id.str());
  EXPECT_EQ(FolderBlock::open(folder.path(), k_id).error().code, Code::not_found);
}

TEST(FolderBlock, StaysReadableWithoutItsName) {
  TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomic(folder.path() / k_id.str(), view_of("content")));
  auto block = FolderBlock::open(folder.path(), k_id);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->size(), 7u);
  fs::remove(folder.path() / k_id.str());
  Bytes bytes(7);
  ASSERT_TRUE(read_at(block->file()->get(), 0, bytes));
  EXPECT_EQ(text_of(bytes), "content");
}

TEST(FolderBlock, AFileThatWasJustWrittenIsNotTakenForUnchanged) {
  TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomic(folder.path() / k_id.str(), view_of("content")));
  auto block = FolderBlock::open(folder.path(), k_id);
  ASSERT_TRUE(block);
  EXPECT_FALSE(block->unchanged()) << "a second write in this very moment would leave the times as they are";
}

class AnOldBlock : public ::testing::Test {
 protected:
  AnOldBlock() { EXPECT_TRUE(write_file_atomic(path_, view_of("content"))); }
  TemporaryFolder folder_;
  fs::path path_ = folder_.path() / k_id.str();
  std::chrono::system_clock::time_point later_ = std::chrono::system_clock::now() + std::chrono::hours(1);
};

TEST_F(AnOldBlock, IsUnchanged) {
  auto block = FolderBlock::open(folder_.path(), k_id, later_);
  ASSERT_TRUE(block);
  EXPECT_TRUE(block->unchanged());
}

TEST_F(AnOldBlock, ThatGrowsIsNoticed) {
  auto block = FolderBlock::open(folder_.path(), k_id, later_);
  ASSERT_TRUE(block);
  fs::resize_file(path_, 100);
  EXPECT_FALSE(block->unchanged());
}

TEST_F(AnOldBlock, ThatIsWrittenToIsNoticed) {
  auto block = FolderBlock::open(folder_.path(), k_id, later_);
  ASSERT_TRUE(block);
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  EXPECT_FALSE(block->unchanged());
}

}  // namespace
}  // namespace eai::peers
