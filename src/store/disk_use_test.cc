#include "store/disk_use.h"

#include <fstream>

#include <gtest/gtest.h>

#include "store/clone_file.h"
#include "store/shared_blocks.h"

namespace eai::store {
namespace {

constexpr std::size_t k_size = 256 * k_kib;

struct DiskUseTest : ::testing::Test {
  // A model whose files were just written.
  Model model(const std::string& name) {
    Model out{.id = ipld::Cid::raw_of(view_of(name)), .metadata = {}, .folder = {}, .files = {}};
    out.folder = folder.path() / name;
    out.files = {{.name = "model.gguf", .size = k_size}};
    fs::create_directories(out.folder);
    std::ofstream(out.folder / "model.gguf") << std::string(k_size, 'x') << std::flush;
    std::ofstream(out.folder / "metadata.json") << "{}" << std::flush;
    return out;
  }
  TemporaryFolder folder;
};

TEST_F(DiskUseTest, ModelsAddUp) {
  DiskTally tally;
  const DiskUse one = tally.add(model("one")), two = tally.add(model("two"));
  EXPECT_GE(one.bytes, k_size);
  EXPECT_EQ(one.bytes, one.frees);
  EXPECT_EQ(tally.bytes(), one.bytes + two.bytes);
}

TEST_F(DiskUseTest, AFileWithTwoNamesCountsOnceAndFreesNothing) {
  const Model one = model("one"), two = model("two");
  fs::remove(two.folder / "model.gguf");
  fs::create_hard_link(one.folder / "model.gguf", two.folder / "model.gguf");
  DiskTally tally;
  const DiskUse first = tally.add(one), second = tally.add(two);
  EXPECT_GE(second.bytes, k_size);
  EXPECT_LT(first.frees, k_size);
  EXPECT_EQ(tally.bytes(), first.bytes + second.frees);
}

TEST_F(DiskUseTest, SharedBlocksAreNotFreed) {
  const Model one = model("one");
  EXPECT_EQ(shared_blocks(one.folder / "model.gguf"), 0U);
  EXPECT_EQ(shared_blocks(folder.path() / "nothing"), 0U);
  const bool shares = share_blocks(one.folder / "model.gguf", folder.path() / "copy");
  DiskTally tally;
  const DiskUse use = tally.add(one);
  EXPECT_EQ(use.bytes - use.frees >= k_size, shares) << "where the file system has reflinks, it tells";
}

TEST_F(DiskUseTest, WhatIsMissingCountsAsNothing) {
  Model gone = model("gone");
  fs::remove_all(gone.folder);
  DiskTally tally;
  EXPECT_EQ(tally.add(gone).bytes, 0U);
}

}  // namespace
}  // namespace eai::store
