#include "store/trees.h"

#include <gtest/gtest.h>

#include "store/leaf_check.h"
#include "store/trees_testing.h"

namespace eai::store {
namespace {

TEST(Trees, StayWithTheModel) {
  TreeFixture here;
  ASSERT_TRUE(here.commit(here.trees()));
  const auto model = here.store.find(here.id());
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_TRUE(model->trees);
  ASSERT_EQ(model->trees->size(), 1U);
  EXPECT_TRUE(fs::exists(model->folder / "trees/0.car"));
  for (std::size_t file = 0; file < 3; ++file) {
    const auto table = read_tree(*model, file);
    ASSERT_TRUE(table) << table.error().message;
    const std::string& content = here.files[file].content;
    EXPECT_EQ(table->count(), file == 0 ? 100U : 1U);
    EXPECT_EQ(table->size(), content.size());
    for (std::size_t leaf = 0; leaf < table->count(); ++leaf) {
      const ByteRange range = table->range(leaf);
      EXPECT_TRUE(table->proves(leaf, view_of(content).subspan(range.begin, range.size()))) << file << " " << leaf;
    }
    const auto blocks = read_tree_blocks(*model, file);
    ASSERT_TRUE(blocks);
    EXPECT_EQ(blocks->size(), file == 0 ? here.files[0].blocks.size() : 0);
    if (!blocks->empty()) {
      EXPECT_EQ(blocks->front().cid, here.files[file].root.cid);
    }
  }
  EXPECT_EQ(read_tree(*model, 3).error().code, Code::not_found);
  EXPECT_TRUE(here.store.check(here.id(), {}, {}).value().empty());
  EXPECT_TRUE(here.store.remove(*here.store.lock(here.id(), FileLock::Wait::no)));
  EXPECT_TRUE(fs::is_empty(here.home / "models"));
}

TEST(Trees, ACheckNamesTheLeavesThatChanged) {
  TreeFixture here;
  const Model model = here.commit(here.trees()).value();
  const fs::path many = model.folder / model.files[0].name;
  const std::string good = here.text(many);
  std::string bad = good;
  bad[0] ^= 1;
  bad[37] ^= 1;
  bad[999] ^= 1;
  here.write(many, bad);
  std::uint64_t seen = 0;
  const auto changed = here.store.check(here.id(), [&](std::uint64_t done, std::uint64_t) { seen = done; }, {});
  ASSERT_TRUE(changed) << changed.error().message;
  ASSERT_EQ(changed->size(), 1U);
  EXPECT_EQ(changed->front().name, model.files[0].name);
  EXPECT_EQ(changed->front().leaves, 100U);
  const std::vector<ByteRange> places = {{0, 10}, {30, 40}, {990, 1000}};
  EXPECT_EQ(changed->front().damage, places);
  EXPECT_EQ(seen, model.size());
  EXPECT_EQ(here.store.find(here.id()).error().code, Code::corrupt);
  EXPECT_EQ(here.store.remains(here.id()).changed, std::vector<std::string>{model.files[0].name});
  here.write(many, good);
  EXPECT_TRUE(here.store.check(here.id(), {}, {}).value().empty());
}

TEST(Trees, AShorterFileLacksItsLastLeaves) {
  TreeFixture here;
  const Model model = here.commit(here.trees()).value();
  const auto tree = read_tree(model, 0).value();
  const fs::path many = model.folder / model.files[0].name;
  here.write(many, here.text(many).substr(0, 985));
  EXPECT_EQ(find_damaged_leaves(many, tree, {}, {}).value(), (std::vector<std::size_t>{98, 99}));
  here.write(many, "");
  EXPECT_EQ(find_damaged_leaves(many, tree, {}, {}).value().size(), 100U);
  EXPECT_EQ(find_damaged_leaves(model.folder / "none", tree, {}, {}).error().code, Code::not_found);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(find_damaged_leaves(many, tree, {}, stop.get_token()).error().code, Code::cancelled);
}

TEST(Trees, WhatIsLeftOfADamagedModelIsProven) {
  TreeFixture here;
  const Model model = here.commit(here.trees()).value();
  const auto whole = here.store.remains(here.id());
  EXPECT_EQ(text_of(whole.metadata), here.metadata);
  EXPECT_EQ(whole.tree_blocks.size(), here.files[0].blocks.size());
  const fs::path car = model.folder / "trees/0.car";
  std::string bad = here.text(car);
  bad[bad.size() / 2] ^= 1;
  here.write(car, bad);
  const auto less = here.store.remains(here.id());
  EXPECT_LT(less.tree_blocks.size(), whole.tree_blocks.size());
  for (const ipld::Block& block : less.tree_blocks) EXPECT_TRUE(ipld::verify(block.cid.hash(), block.bytes));
  here.write(model.folder / "metadata.json", here.metadata + " ");
  const auto nothing = here.store.remains(here.id());
  EXPECT_TRUE(nothing.metadata.empty());
  EXPECT_TRUE(nothing.tree_blocks.empty());
  EXPECT_TRUE(here.store.remains(here.id_for("another")).metadata.empty());
}

TEST(Trees, AQuickLookSeesWhatWasWrittenToAndSomeOfTheLeaves) {
  TreeFixture here;
  const Model model = here.commit(here.trees()).value();
  EXPECT_TRUE(here.store.seems_whole(model, 64).value());
  const fs::path many = model.folder / model.files[0].name;
  const auto written = fs::last_write_time(many);
  std::string bad = here.text(many);
  for (char& letter : bad) letter ^= 1;
  here.write(many, bad);
  fs::last_write_time(many, written);
  EXPECT_FALSE(here.store.seems_whole(model, 64).value()) << "every leaf is wrong";
  for (char& letter : bad) letter ^= 1;
  here.write(many, bad);
  fs::last_write_time(many, written);
  EXPECT_TRUE(here.store.seems_whole(model, 64).value());
  fs::last_write_time(many, written + std::chrono::minutes(1));
  EXPECT_FALSE(here.store.seems_whole(model, 64).value()) << "it was written to";
}

TEST(Trees, WhatRottedIsFoundAndTheModelStays) {
  TreeFixture here;
  const Model model = here.commit(here.trees()).value();
  const fs::path car = model.folder / "trees/0.car";
  const std::string good = here.text(car);
  for (const std::size_t at : {std::size_t{3}, good.size() / 2, good.size() - 1}) {
    std::string bad = good;
    bad[at] ^= 1;
    here.write(car, bad);
    EXPECT_EQ(read_tree(model, 0).error().code, Code::corrupt) << at;
    EXPECT_EQ(read_tree_blocks(model, 0).error().code, Code::corrupt) << at;
  }
  here.write(car, good.substr(0, good.size() / 2));
  EXPECT_EQ(read_tree(model, 0).error().code, Code::corrupt);
  here.write(car, good + "and more");
  EXPECT_EQ(read_tree(model, 0).error().code, Code::corrupt);
  fs::remove_all(car.parent_path());
  EXPECT_EQ(read_tree(model, 0).error().code, Code::corrupt);
  EXPECT_TRUE(read_tree(model, 1));
  EXPECT_TRUE(here.store.find(here.id()));
}

TEST(Trees, AModelMayHaveNone) {
  TreeFixture here;
  const Model model = here.commit({}).value();
  EXPECT_FALSE(model.trees);
  EXPECT_EQ(read_tree(model, 0).error().code, Code::not_found);
  EXPECT_EQ(read_tree_blocks(model, 0).error().code, Code::not_found);
  EXPECT_EQ(read_tree(model, 2)->count(), 1U) << "a raw block needs none";
  const ipld::Cid archive = here.put("demo", {{"model.gguf", "weights"}});
  EXPECT_EQ(read_tree(*here.store.find(archive), 0).error().code, Code::not_found);
}

TEST(Trees, OnlyWholeOnesAreKept) {
  TreeFixture here;
  auto others = here.trees();
  std::swap(others[0], others[1]);
  for (const auto& bad : {here.trees(2), here.trees(3, 1), others}) {
    const auto outcome = here.commit(bad);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Code::invalid) << outcome.error().message;
  }
  EXPECT_FALSE(fs::exists(here.home / "models"));
  EXPECT_TRUE(here.commit(here.trees()));

  StoreFixture archives;
  const auto lock = archives.store.lock(archives.id_for("demo"), FileLock::Wait::no);
  ASSERT_TRUE(archives.store.partial_folder(*lock));
  const auto outcome = archives.store.commit(*lock, view_of(archives.metadata_for("demo")), Origin::downloaded,
                                             {{"model.gguf", 1, {}}}, here.trees());
  EXPECT_EQ(outcome.error().code, Code::invalid);
}

TEST(Trees, AHalfCommitLeavesNone) {
  TreeFixture here;
  const auto lock = here.store.lock(here.id(), FileLock::Wait::no);
  const fs::path partial = *here.store.partial_folder(*lock);
  here.write(partial / "commit/trees/0.car", "half");
  here.write(partial / "commit/payload/a/many.txt", "staged");
  here.write(partial / "trees/0.car", "the downloader's own");
  ASSERT_TRUE(here.store.partial_folder(*lock));
  EXPECT_EQ(here.text(partial / "trees/0.car"), "the downloader's own");
  EXPECT_EQ(here.text(partial / "payload/a/many.txt"), "staged");
  EXPECT_FALSE(fs::exists(partial / "commit"));
}

}  // namespace
}  // namespace eai::store
