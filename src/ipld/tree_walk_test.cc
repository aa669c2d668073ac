#include "ipld/tree_walk.h"

#include <fstream>
#include <iterator>
#include <random>

#include <gtest/gtest.h>

#include "ipld/tree_testing.h"

namespace eai::ipld {
namespace {

const Profile& v0() { return *find_profile("unixfs-v0-2015"); }

// In which no leaf is like another.
Bytes random_bytes(std::size_t size) {
  std::mt19937 random(1);
  Bytes out(size);
  for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

TreeNode import(ByteView content, const Profile& profile, Blocks& blocks) {
  FileTree tree(profile, [&](const Cid& cid, Bytes block) { blocks.put(cid, std::move(block)); });
  for (std::size_t at = 0; at < content.size(); at += profile.chunk) {
    const ByteView chunk = content.subspan(at, std::min<std::size_t>(profile.chunk, content.size() - at));
    Bytes block;
    TreeNode leaf = make_leaf(profile, chunk, &block);
    blocks.put(leaf.cid, block.empty() ? Bytes(chunk.begin(), chunk.end()) : std::move(block));
    tree.add(std::move(leaf));
  }
  return tree.finish();
}

// A node over children that are named as the test says.
struct Named {
  Cid cid;
  std::uint64_t size, tsize;
};
Named parent_of(const std::vector<Named>& children, Blocks& blocks, std::string_view inline_data = "") {
  PbNode node;
  UnixfsData data;
  if (!inline_data.empty()) data.data = Bytes(inline_data.begin(), inline_data.end());
  Named out{Cid::raw_of({}), inline_data.size(), 0};
  for (const Named& child : children) {
    node.links.push_back({child.cid, "", child.tsize});
    data.blocksizes.push_back(child.size);
    out.size += child.size;
    out.tsize += child.tsize;
  }
  data.filesize = out.size;
  node.data = encode_unixfs(data);
  Bytes block = encode_dag_pb(node);
  out.cid = Cid::v1(Codec::dag_pb, Cid::raw_of(block).hash());
  out.tsize += block.size();
  blocks.put(out.cid, std::move(block));
  return out;
}
Named raw_named(std::string_view content, Blocks& blocks) {
  const Cid cid = Cid::raw_of(view_of(content));
  blocks.put(cid, Bytes(content.begin(), content.end()));
  return {cid, content.size(), content.size()};
}

Code code_of(const Cid& root, std::uint64_t size, const Blocks& blocks, SizeIs is = SizeIs::exact) {
  auto walk = TreeWalk::begin(root, size, is);
  if (!walk) return walk.error().code;
  auto leaves = list_leaves(*walk, blocks.getter());
  EXPECT_FALSE(leaves.has_value());
  EXPECT_FALSE(walk->done());
  EXPECT_EQ(walk->leaves().error().code, leaves.error().code);  // it is final
  return leaves.error().code;
}

TEST(TreeWalk, AsksForInnerBlocksOnlyAndManyAtOnce) {
  const Bytes content = random_bytes(2011);
  for (const Profile& profile : {Profile{"", 1, Leaves::raw, 10, 3}, Profile{"", 0, Leaves::dag_pb, 7, 4}}) {
    Blocks blocks;
    const TreeNode root = import(content, profile, blocks);
    auto walk = TreeWalk::begin(root.cid, root.size).value();
    std::size_t given = 0, together = 0;
    for (std::vector<Cid> level; !walk.done(); level.clear()) {
      while (const auto cid = walk.next()) level.push_back(*cid);
      ASSERT_FALSE(level.empty());
      EXPECT_EQ(walk.missing(), level.size());
      together = std::max(together, level.size());
      // From last to first: the order in which answers come does not matter.
      for (auto cid = level.rbegin(); cid != level.rend(); ++cid, ++given) {
        ASSERT_TRUE(walk.give(*cid, *blocks.find(*cid)));
        ASSERT_TRUE(walk.give(*cid, *blocks.find(*cid)));
      }
    }
    EXPECT_GT(together, 10U);
    const LeafTable table = walk.leaves().value();
    const std::uint64_t leaves = (content.size() + profile.chunk - 1) / profile.chunk;
    ASSERT_EQ(table.count(), leaves);
    EXPECT_EQ(table.size(), content.size());
    for (std::size_t leaf = 0; leaf < table.count(); ++leaf) {
      const ByteRange range = table.range(leaf);
      Bytes part(content.begin() + static_cast<std::ptrdiff_t>(range.begin),
                 content.begin() + static_cast<std::ptrdiff_t>(range.end));
      EXPECT_TRUE(table.proves(leaf, part)) << leaf;
      EXPECT_EQ(table.cid(leaf).version(), profile.cid_version);
      part[part.size() / 2] ^= 1;
      EXPECT_EQ(table.proves(leaf, part).error().code, Code::corrupt) << leaf;
    }
    // All other blocks, and the root first.
    const std::vector<Block> inner = walk.inner();
    EXPECT_EQ(inner.size(), given);
    EXPECT_EQ(inner.size(), blocks.by_hash.size() - leaves);
    EXPECT_EQ(inner.front().cid, root.cid);
  }
}

TEST(TreeWalk, ReadsBackWhatACarKeeps) {
  Blocks blocks;
  const Bytes content = random_bytes(5000);
  const TreeNode root = import(content, {"", 1, Leaves::raw, 10, 3}, blocks);
  auto walk = TreeWalk::begin(root.cid, root.size).value();
  const LeafTable table = list_leaves(walk, blocks.getter()).value();
  const Bytes car = write_car({root.cid}, walk.inner());

  // A parent comes before its children, so a walk can take the blocks as they come.
  auto again = TreeWalk::begin(root.cid, root.size).value();
  CarReader reader([&](const Cid& cid, ByteView block) {
    const std::size_t before = again.missing();
    auto given = again.give(cid, block);
    EXPECT_GE(again.missing() + 1, before);
    return given;
  });
  ASSERT_TRUE(reader.feed(car));
  ASSERT_TRUE(reader.finish());
  EXPECT_EQ(reader.roots(), std::vector<Cid>{root.cid});
  ASSERT_TRUE(again.done());
  const LeafTable copy = again.leaves().value();
  ASSERT_EQ(copy.count(), table.count());
  for (std::size_t leaf = 0; leaf < copy.count(); ++leaf) {
    EXPECT_EQ(copy.cid(leaf), table.cid(leaf));
    EXPECT_EQ(copy.range(leaf), table.range(leaf));
  }
}

// tests/fixtures/kubo_trees: what `ipfs add` of kubo 0.43.1 makes of these 36 letters with --chunker=size-5
// --max-file-links=3 and other options, and `ipfs dag export` of that.
TEST(TreeWalk, ReadsWhatKuboWrites) {
  const std::string_view content = "abcdefghijklmnopqrstuvwxyz0123456789";
  struct Tree {
    const char* name;
    LeafKind kind;
    std::size_t inner;
  };
  for (const Tree& tree : {Tree{"trickle_v0", LeafKind::wrapped, 3}, Tree{"balanced_v0", LeafKind::wrapped, 4},
                           Tree{"trickle_raw", LeafKind::raw, 3}, Tree{"inline", LeafKind::held, 4},
                           Tree{"blake2b", LeafKind::wrapped, 4}, Tree{"with_mode", LeafKind::wrapped, 4}}) {
    SCOPED_TRACE(tree.name);
    std::ifstream file(std::string(EAI_SOURCE_DIR "/tests/fixtures/kubo_trees/") + tree.name + ".car",
                       std::ios::binary);
    const std::string car{std::istreambuf_iterator<char>(file), {}};
    Blocks blocks;
    CarReader reader([&](const Cid& cid, ByteView block) -> Result<void> {
      blocks.put(cid, Bytes(block.begin(), block.end()));
      return {};
    });
    ASSERT_TRUE(reader.feed(view_of(car)));
    ASSERT_TRUE(reader.finish());
    const Cid root = reader.roots().at(0);
    auto walk = TreeWalk::begin(root, content.size()).value();
    std::size_t asked = 0;
    while (const auto cid = walk.next()) {
      ASSERT_TRUE(walk.give(*cid, *blocks.find(*cid)));
      ++asked;
    }
    EXPECT_EQ(asked, tree.inner) << "no leaf is asked for";
    EXPECT_EQ(walk.inner().size(), tree.inner);
    const LeafTable table = walk.leaves().value();
    ASSERT_EQ(table.count(), 8U);
    for (std::size_t leaf = 0; leaf < table.count(); ++leaf) {
      const ByteRange range = table.range(leaf);
      EXPECT_EQ(table.kind(leaf), tree.kind);
      EXPECT_TRUE(table.proves(leaf, view_of(content).subspan(range.begin, range.size())));
      EXPECT_EQ(table.proves(leaf, view_of("nope!")).error().code, Code::corrupt);
    }
    EXPECT_EQ(text_of(read_by_leaves(walk, blocks.getter()).value()), content);
  }
}

TEST(TreeWalk, CarsMayHaveManyRoots) {
  for (const std::size_t count : {1U, 23U, 24U, 255U, 256U, 5000U}) {
    std::vector<Cid> roots;
    for (std::size_t i = 0; i < count; ++i) roots.push_back(Cid::raw_of(view_of(std::to_string(i))));
    CarReader reader([](const Cid&, ByteView) -> Result<void> { return {}; });
    ASSERT_TRUE(reader.feed(write_car(roots, {})));
    ASSERT_TRUE(reader.finish());
    EXPECT_EQ(reader.roots(), roots);
  }
}

TEST(TreeWalk, ALieIsAsIfItHadNotBeenGiven) {
  Blocks blocks;
  const TreeNode root = import(random_bytes(100), {"", 1, Leaves::raw, 10, 3}, blocks);
  auto walk = TreeWalk::begin(root.cid, root.size).value();
  const Cid first = walk.next().value();
  Bytes flipped = *blocks.find(first);
  flipped.front() ^= 1;
  EXPECT_EQ(walk.give(first, flipped).error().code, Code::corrupt);
  EXPECT_EQ(walk.give(first, {}).error().code, Code::corrupt);
  EXPECT_EQ(walk.missing(), 1U);
  EXPECT_FALSE(walk.next());
  EXPECT_EQ(walk.leaves().error().code, Code::not_found);
  EXPECT_TRUE(walk.give(first, *blocks.find(first)));
  EXPECT_TRUE(walk.give(Cid::raw_of(view_of("a stranger")), view_of("a stranger")));
  EXPECT_TRUE(list_leaves(walk, blocks.getter()));
}

TEST(TreeWalk, FilesOfOneBlock) {
  Blocks blocks;
  const Bytes content = random_bytes(50);
  const TreeNode raw = import(content, k_unixfs_v1_2025, blocks), old = import(content, v0(), blocks);
  auto known = TreeWalk::begin(raw.cid, 50).value();
  EXPECT_TRUE(known.done());
  EXPECT_FALSE(known.next());
  auto asked = TreeWalk::begin(raw.cid, 60, SizeIs::at_most).value();
  auto wrapped = TreeWalk::begin(old.cid, 50).value();
  for (TreeWalk* walk : {&known, &asked, &wrapped}) {
    const LeafTable table = list_leaves(*walk, blocks.getter()).value();
    ASSERT_EQ(table.count(), 1U);
    EXPECT_EQ(table.range(0), (ByteRange{0, 50}));
    EXPECT_TRUE(table.proves(0, content));
    EXPECT_TRUE(walk->inner().empty());
  }
  EXPECT_EQ(code_of(raw.cid, 49, blocks, SizeIs::at_most), Code::invalid);
  EXPECT_EQ(code_of(old.cid, 49, blocks), Code::invalid);
  for (const Cid& root : {raw.cid, old.cid}) {
    EXPECT_TRUE(LeafTable::of_block(root, 50).value().proves(0, content));
  }
  const TreeNode empty = import({}, v0(), blocks);
  auto nothing = TreeWalk::begin(empty.cid, 0).value();
  EXPECT_EQ(list_leaves(nothing, blocks.getter()).value().count(), 0U);
  EXPECT_EQ(TreeWalk::begin(Cid::v1(Codec::dag_cbor, raw.cid.hash()), 1).error().code, Code::unsupported);
}

TEST(TreeWalk, KnowsTheContentOfInnerBlocksAndCids) {
  Blocks blocks;
  const Named deep = parent_of({raw_named("leaf", blocks)}, blocks, "inner ");
  const Cid identity = Cid::v1(Codec::raw, {HashCode::identity, {'i', 'd', ' '}});
  const Named root = parent_of({{identity, 3, 3}, deep, raw_named(" end", blocks)}, blocks, "top ");
  auto walk = TreeWalk::begin(root.cid, root.size).value();
  const LeafTable table = list_leaves(walk, blocks.getter()).value();
  ASSERT_EQ(table.count(), 5U);
  EXPECT_EQ(text_of(table.held(0)), "top ");
  EXPECT_EQ(text_of(table.held(1)), "id ");
  EXPECT_EQ(text_of(table.held(2)), "inner ");
  EXPECT_EQ(table.kind(3), LeafKind::raw);
  EXPECT_TRUE(table.proves(2, view_of("inner ")));
  EXPECT_EQ(table.proves(2, view_of("outer ")).error().code, Code::corrupt);
  EXPECT_EQ(text_of(read_by_leaves(walk, blocks.getter()).value()), "top id inner leaf end");
  EXPECT_EQ(walk.inner().size(), 2U);
}

// A dag-pb child that is as large as a leaf is taken for one, until its block shows what it is.
TEST(TreeWalk, AnInnerBlockThatLooksLikeALeafIsLookedInto) {
  Blocks blocks;
  Named small = parent_of({raw_named("four", blocks), raw_named("five5", blocks)}, blocks);
  small.tsize = small.size + 14;
  const Named root = parent_of({raw_named("0", blocks), small, raw_named("9", blocks)}, blocks);
  auto walk = TreeWalk::begin(root.cid, root.size).value();
  LeafTable table = list_leaves(walk, blocks.getter()).value();
  ASSERT_EQ(table.count(), 3U);
  EXPECT_EQ(table.kind(1), LeafKind::wrapped);
  EXPECT_EQ(table.proves(1, view_of("fourfive5")).error().code, Code::corrupt);
  EXPECT_EQ(table.unwrap(1, *blocks.find(small.cid)).error().code, Code::invalid);
  walk.look_into(small.cid);
  EXPECT_FALSE(walk.done());
  table = list_leaves(walk, blocks.getter()).value();
  ASSERT_EQ(table.count(), 4U);
  EXPECT_EQ(table.range(3), (ByteRange{10, 11}));
  EXPECT_EQ(walk.inner().size(), 2U);

  // And a leaf stays what it is.
  Bytes block;
  const TreeNode leaf = make_leaf(v0(), view_of("twelve bytes"), &block);
  blocks.put(leaf.cid, block);
  const Named other = parent_of({{leaf.cid, leaf.size, leaf.tsize}}, blocks);
  auto second = TreeWalk::begin(other.cid, other.size).value();
  ASSERT_EQ(list_leaves(second, blocks.getter()).value().count(), 1U);
  second.look_into(leaf.cid);
  EXPECT_EQ(second.missing(), 1U);
  table = list_leaves(second, blocks.getter()).value();
  EXPECT_TRUE(table.proves(0, view_of("twelve bytes")));
  EXPECT_EQ(text_of(table.unwrap(0, block).value()), "twelve bytes");
  EXPECT_EQ(table.unwrap(0, view_of("no")).error().code, Code::corrupt);
}

// What was read back from a CAR without its leaves is the same tree, also where a Tsize says nothing.
TEST(TreeWalk, BlocksThatWereLeavesAreTakenForLeaves) {
  Blocks blocks;
  std::vector<Named> children;
  for (const char* text : {"one", "three", "seven"}) {
    Bytes block;
    const TreeNode leaf = make_leaf(v0(), view_of(text), &block);
    blocks.put(leaf.cid, block);
    children.push_back({leaf.cid, leaf.size, 0});
  }
  const Named root = parent_of(children, blocks);
  auto walk = TreeWalk::begin(root.cid, root.size).value();
  EXPECT_EQ(list_leaves(walk, blocks.getter()).value().count(), 3U);
  const std::vector<Block> kept = walk.inner();
  ASSERT_EQ(kept.size(), 1U);
  auto again = TreeWalk::begin(root.cid, root.size).value();
  ASSERT_TRUE(again.give(kept[0].cid, kept[0].bytes));
  while (const auto cid = again.next()) ASSERT_TRUE(again.take_for_leaf(*cid));
  const LeafTable table = again.leaves().value();
  ASSERT_EQ(table.count(), 3U);
  EXPECT_TRUE(table.proves(2, view_of("seven")));

  auto huge = TreeWalk::begin(root.cid, k_block_limit + 1).value();
  EXPECT_EQ(huge.take_for_leaf(*huge.next()).error().code, Code::corrupt);
}

TEST(TreeWalk, OneChildAThousandTimes) {
  Blocks blocks;
  const Named child = raw_named("x", blocks);
  Named at = parent_of(std::vector<Named>(250, child), blocks);
  at = parent_of(std::vector<Named>(250, at), blocks);
  auto walk = TreeWalk::begin(at.cid, at.size).value();
  EXPECT_EQ(list_leaves(walk, blocks.getter()).value().count(), 62'500U);
  EXPECT_EQ(walk.inner().size(), 2U);
  at = parent_of(std::vector<Named>(250, at), blocks);
  EXPECT_EQ(code_of(at.cid, at.size, blocks), Code::invalid);  // 15 million leaves out of three blocks
}

TEST(TreeWalk, DepthIsBounded) {
  Blocks blocks;
  Named at = raw_named("x", blocks);
  for (int i = 0; i < 32; ++i) at = parent_of({at}, blocks);
  auto walk = TreeWalk::begin(at.cid, 1).value();
  EXPECT_EQ(list_leaves(walk, blocks.getter()).value().count(), 1U);
  at = parent_of({at}, blocks);
  EXPECT_EQ(code_of(at.cid, 1, blocks), Code::invalid);

  // Also where the deep way is found after a short one to the same block.
  Named low = raw_named("y", blocks);
  for (int i = 0; i < 20; ++i) low = parent_of({low}, blocks);
  Named high = low;
  for (int i = 0; i < 14; ++i) high = parent_of({high}, blocks);
  const Named root = parent_of({low, high}, blocks);
  EXPECT_EQ(code_of(root.cid, 2, blocks), Code::invalid);
}

TEST(TreeWalk, TreesThatMakeNoSense) {
  Blocks blocks;
  const Named four = raw_named("four", blocks);
  // A child of another size than its parent says: proven where it is an inner block, else by its leaf.
  const Named honest = parent_of({four}, blocks);
  EXPECT_EQ(code_of(parent_of({{honest.cid, 5, honest.tsize}}, blocks).cid, 5, blocks), Code::invalid);
  const Named lying = parent_of({{four.cid, 5, 4}}, blocks);
  auto walk = TreeWalk::begin(lying.cid, 5).value();
  const LeafTable table = list_leaves(walk, blocks.getter()).value();
  EXPECT_EQ(table.proves(0, view_of("four")).error().code, Code::invalid);
  EXPECT_EQ(table.proves(0, view_of("four!")).error().code, Code::corrupt);
  // Two sizes for one block.
  EXPECT_EQ(code_of(parent_of({honest, {honest.cid, 3, honest.tsize}}, blocks).cid, 7, blocks), Code::invalid);
  // Not the size that the caller knows, or more than it takes.
  EXPECT_EQ(code_of(honest.cid, 3, blocks), Code::invalid);
  EXPECT_EQ(code_of(honest.cid, 3, blocks, SizeIs::at_most), Code::invalid);
  // A folder, a symlink, an empty block, a child of another codec, an identity of another size, one that is too long.
  for (const char* hex : {"0a020801", "0a0708041203666f6f", ""}) {
    Bytes block;
    for (const char* at = hex; *at != 0; at += 2) {
      block.push_back(static_cast<std::uint8_t>(std::stoi(std::string(at, 2), nullptr, 16)));
    }
    const Cid cid = Cid::v1(Codec::dag_pb, Cid::raw_of(block).hash());
    blocks.put(cid, block);
    EXPECT_NE(code_of(cid, 4, blocks), Code::corrupt) << hex;
    EXPECT_NE(code_of(parent_of({{cid, 4, 900}}, blocks).cid, 4, blocks), Code::corrupt) << hex;
  }
  const Cid json = Cid::v1(Codec::json, four.cid.hash());
  EXPECT_EQ(code_of(parent_of({{json, 4, 4}}, blocks).cid, 4, blocks), Code::unsupported);
  const Cid identity = Cid::v1(Codec::raw, {HashCode::identity, {1, 2, 3}});
  EXPECT_EQ(code_of(parent_of({{identity, 4, 4}}, blocks).cid, 4, blocks), Code::invalid);
  const Cid long_one = Cid::v1(Codec::raw, {HashCode::identity, Bytes(129)});
  EXPECT_EQ(code_of(long_one, 129, blocks), Code::invalid);
  EXPECT_EQ(code_of(parent_of({{long_one, 129, 129}}, blocks).cid, 129, blocks), Code::invalid);
  const Cid blake3 = Cid::v1(Codec::dag_pb, {HashCode::blake3, Bytes(32)});
  blocks.put(blake3, {1});
  EXPECT_EQ(code_of(blake3, 1, blocks), Code::unsupported);
  // A leaf that no gateway gives.
  EXPECT_EQ(code_of(parent_of({{four.cid, k_block_limit + 1, 4}}, blocks).cid, k_block_limit + 1, blocks),
            Code::unsupported);
}

TEST(TreeWalk, WhatATreeMayCostIsBounded) {
  // Content in inner blocks is the file's, but only so much of it belongs into memory.
  Blocks blocks;
  std::vector<Named> children;
  for (std::uint8_t i = 0; i < 5; ++i) {
    const std::string inline_data(2'000'000, static_cast<char>('a' + i));
    children.push_back(parent_of({raw_named(std::string(1, static_cast<char>(i)), blocks)}, blocks, inline_data));
  }
  const Named root = parent_of(children, blocks);
  EXPECT_EQ(code_of(root.cid, root.size, blocks), Code::invalid);
  // A block for every byte, of which each could be an inner one.
  children.clear();
  for (std::uint32_t i = 0; i < 70'000; ++i) {
    const std::string digest = std::to_string(i);
    children.push_back({Cid::v1(Codec::dag_pb, Cid::raw_of(view_of(digest)).hash()), 1, 100});
  }
  std::vector<Named> halves;
  for (std::size_t at = 0; at < children.size(); at += 10'000) {
    const auto from = children.begin() + static_cast<std::ptrdiff_t>(at);
    halves.push_back(parent_of(std::vector<Named>(from, from + 10'000), blocks));
  }
  const Named top = parent_of(halves, blocks);
  auto wide = TreeWalk::begin(top.cid, top.size).value();
  EXPECT_TRUE(wide.give(top.cid, *blocks.find(top.cid)));
  Code code{};
  for (const Named& half : halves) {
    if (auto given = wide.give(half.cid, *blocks.find(half.cid)); !given) code = given.error().code;
  }
  EXPECT_EQ(code, Code::invalid);
  // Empty children cost nothing, however many there are.
  const Named empty = raw_named("", blocks);
  std::vector<Named> many(30'000, empty);
  many.push_back(raw_named("x", blocks));
  const Named mostly_empty = parent_of(many, blocks);
  auto walk = TreeWalk::begin(mostly_empty.cid, 1).value();
  EXPECT_EQ(list_leaves(walk, blocks.getter()).value().count(), 1U);
}

TEST(TreeWalk, ReadsEveryShapeThatTheReaderReads) {
  std::size_t good = 0, bad = 0;
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    auto choose = [&](std::uint32_t count) { return random() % count; };
    TreeMaker maker(choose, seed % 2 == 0 ? Honesty::honest : Honesty::lying);
    const TreeMaker::Made root = maker.make(5);
    Bytes expected;
    auto read = read_unixfs_file(root.cid, k_gib, maker.blocks().getter(), [&](ByteView bytes) -> Result<void> {
      expected.insert(expected.end(), bytes.begin(), bytes.end());
      return {};
    });
    auto walk = TreeWalk::begin(root.cid, k_mib, SizeIs::at_most).value();
    auto found = read_by_leaves(walk, maker.blocks().getter());
    ASSERT_EQ(read.has_value(), found.has_value()) << seed << (found ? read.error().message : found.error().message);
    if (found) {
      EXPECT_EQ(*found, expected) << seed;
      ++good;
    } else {
      ++bad;
    }
  }
  EXPECT_GT(good, 1500U);
  EXPECT_GT(bad, 100U);
}

}  // namespace
}  // namespace eai::ipld
