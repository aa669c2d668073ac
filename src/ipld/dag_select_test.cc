#include "ipld/dag_select.h"

#include <gtest/gtest.h>

#include "ipld/dag_select_testing.h"

namespace eai::ipld {
namespace {

TEST(DagWalk, GivesThePathAndWhatLiesAtItsEnd) {
  const Tree tree;
  const Answer found = answer({tree.root.cid, {"sub", "one"}}, tree.blocks);
  EXPECT_EQ(code_of(found), "");
  EXPECT_EQ(found.cids, (std::vector{tree.root.cid, tree.sub.cid, tree.one.cid}));
}

TEST(DagWalk, ScopeBlockIsTheTerminusAlone) {
  const Tree tree;
  const auto of = [&](std::vector<std::string> path) {
    return answer({tree.root.cid, std::move(path), DagScope::block}, tree.blocks).cids;
  };
  EXPECT_EQ(of({}), std::vector{tree.root.cid});
  EXPECT_EQ(of({"sub"}), (std::vector{tree.root.cid, tree.sub.cid}));
  EXPECT_EQ(of({"sub", "many"}), (std::vector{tree.root.cid, tree.sub.cid, tree.many.cid}));
}

TEST(DagWalk, ScopeEntityListsAFolderAndReadsAFile) {
  const Tree tree;
  const auto of = [&](std::vector<std::string> path) {
    return answer({tree.root.cid, std::move(path), DagScope::entity}, tree.blocks).cids;
  };
  EXPECT_EQ(of({}), std::vector{tree.root.cid});
  EXPECT_EQ(of({"sub", "one"}), (std::vector{tree.root.cid, tree.sub.cid, tree.one.cid}));
  EXPECT_EQ(of({"sub", "many"}), joined({tree.root.cid, tree.sub.cid}, tree.many_and(0, 5)));
}

TEST(DagWalk, ScopeAllGivesEverythingBelowInOrder) {
  const Tree tree;
  const Answer sub = answer({tree.root.cid, {"sub"}}, tree.blocks);
  EXPECT_EQ(sub.cids, joined(joined({tree.root.cid, tree.sub.cid}, tree.many_and(0, 5)), {tree.one.cid}));
  const Answer all = answer({tree.root.cid, {}}, tree.blocks);
  EXPECT_EQ(all.cids, joined(sub.cids, {tree.top.cid}));
}

TEST(DagWalk, StepsSayWhatTheyAre) {
  const Tree tree;
  DagWalk walk = DagWalk::begin({tree.root.cid, {"sub", "many"}}).value();
  const auto step_of = [&](const Cid& cid, bool needs_bytes, bool on_path, bool is_terminus, bool path_done) {
    const auto step = walk.next().value();
    ASSERT_TRUE(step.has_value());
    EXPECT_EQ(step->cid, cid);
    EXPECT_EQ(step->needs_bytes, needs_bytes);
    EXPECT_EQ(step->on_path, on_path);
    EXPECT_EQ(step->is_terminus, is_terminus);
    EXPECT_EQ(walk.path_done(), path_done);
    if (needs_bytes) {
      EXPECT_TRUE(walk.give(*tree.blocks.find(cid)).has_value());
    }
  };
  step_of(tree.root.cid, true, true, false, false);
  step_of(tree.sub.cid, true, true, false, false);
  EXPECT_TRUE(walk.path_done());
  step_of(tree.many.cid, true, false, true, true);
  step_of(tree.leaves[0], false, false, false, true);
}

TEST(DagWalk, SaysWhichSegmentDoesNotExist) {
  const Tree tree;
  const Answer found = answer({tree.root.cid, {"sub", "none", "more"}}, tree.blocks);
  EXPECT_EQ(code_of(found), "not_found");
  EXPECT_EQ(found.error->message, "\"none\" does not exist in " + tree.root.cid.str() + "/sub");
  EXPECT_EQ(found.cids, (std::vector{tree.root.cid, tree.sub.cid}));
  EXPECT_FALSE(found.path_done);
}

TEST(DagWalk, APathEndsAtAFile) {
  const Tree tree;
  // A raw block is refused before it is asked for, a file of several blocks when it is seen.
  EXPECT_EQ(code_of(answer({tree.root.cid, {"top", "x"}}, tree.blocks)), "invalid");
  EXPECT_EQ(code_of(answer({tree.root.cid, {"sub", "many", "x"}}, tree.blocks)), "invalid");
  EXPECT_EQ(code_of(answer({tree.one.cid, {"x"}}, tree.blocks)), "invalid");
}

TEST(DagWalk, PathsAreBounded) {
  const Tree tree;
  const auto begin = [&](std::vector<std::string> path) {
    return DagWalk::begin({tree.root.cid, std::move(path)}).has_value();
  };
  EXPECT_TRUE(begin(std::vector<std::string>(32, "a")));
  EXPECT_FALSE(begin(std::vector<std::string>(33, "a")));
  EXPECT_TRUE(begin({std::string(4095, 'a')}));
  EXPECT_FALSE(begin({std::string(4096, 'a')}));
}

struct Sharded {
  Blocks blocks;
  std::map<std::string, Cid> entries;
  std::map<std::string, std::vector<Cid>> leaves;
  Cid root = Cid::raw_of({});
  explicit Sharded(std::uint64_t fanout) {
    for (int i = 0; i < 100; ++i) {
      const std::string name = std::to_string(i) + ".txt";
      entries.emplace(name, import(name + "0123456789abc", k_small, blocks, &leaves[name]).cid);
    }
    root = put_shards(entries, fanout, blocks);
  }
  // The shards below `shard` in order.
  std::vector<Cid> shards_below(const Cid& shard, int level = 0) const {
    std::vector<Cid> out;
    const DirectoryNode node = decode_directory(*blocks.find(shard), level).value();
    for (const PbLink& link : node.links) {
      if (!link.name.empty()) continue;
      out.push_back(link.cid);
      out = joined(std::move(out), shards_below(link.cid, level + 1));
    }
    return out;
  }
  std::vector<Cid> path_to(const std::string& name) const {
    std::vector<Cid> out{root};
    for (int level = 0;; ++level) {
      const DirectoryNode node = decode_directory(*blocks.find(out.back()), level).value();
      out.push_back(find_entry(node, name)->cid);
      if (!find_entry(node, name)->name.empty()) return out;
    }
  }
};

TEST(DagWalk, GoesThroughShards) {
  for (const std::uint64_t fanout : {8U, 256U}) {
    const Sharded sharded(fanout);
    for (const std::string name : {"1.txt", "42.txt", "99.txt"}) {
      EXPECT_EQ(answer({sharded.root, {name}, DagScope::block}, sharded.blocks).cids, sharded.path_to(name));
      EXPECT_EQ(answer({sharded.root, {name}}, sharded.blocks).cids,
                joined(sharded.path_to(name), sharded.leaves.at(name)));
      EXPECT_EQ(code_of(answer({sharded.root, {name, "x"}}, sharded.blocks)), "invalid");
    }
    EXPECT_EQ(code_of(answer({sharded.root, {"100.txt"}}, sharded.blocks)), "not_found");
    const std::vector<Cid> shards = joined({sharded.root}, sharded.shards_below(sharded.root));
    EXPECT_GT(shards.size(), 1U);
    EXPECT_EQ(answer({sharded.root, {}, DagScope::entity}, sharded.blocks).cids, shards);
    EXPECT_EQ(answer({sharded.root, {}, DagScope::all, EntityBytes{0, std::nullopt}}, sharded.blocks).cids, shards);
    const Answer all = answer({sharded.root, {}}, sharded.blocks);
    EXPECT_EQ(std::set<Cid>(all.cids.begin(), all.cids.end()).size(), all.cids.size());
    EXPECT_EQ(all.cids.size(), sharded.blocks.by_hash.size());
  }
}

TEST(DagWalk, MalformedFoldersAreRefused) {
  Blocks blocks;
  const Cid raw = put_raw("x", blocks);
  PbNode twice;
  UnixfsData data;
  data.type = UnixfsType::directory;
  twice.data = encode_unixfs(data);
  twice.links = {{raw, "a", 1}, {raw, "a", 1}};
  EXPECT_EQ(code_of(answer({put_block(Codec::dag_pb, encode_dag_pb(twice), blocks), {"a"}}, blocks)), "invalid");
  // A shard below a shard that is raw, a plain folder, a file, or a shard of another fanout.
  data.type = UnixfsType::file;
  const Cid file = put_block(Codec::dag_pb, encode_dag_pb({{}, encode_unixfs(data)}), blocks);
  const Cid plain = folder({}, blocks).cid;
  const Cid other = put_block(Codec::dag_pb, encode_dag_pb(shard_node({}, {}, 8)), blocks);
  for (const Cid& below : {raw, file, plain, other}) {
    // The name 470.txt belongs into the bucket 00.
    const Cid root = put_block(Codec::dag_pb, encode_dag_pb(shard_node({{below, "00", 0}}, {0}, 256)), blocks);
    EXPECT_EQ(code_of(answer({root, {"470.txt"}}, blocks)), "invalid");
    EXPECT_EQ(code_of(answer({root, {}, DagScope::entity}, blocks)), "invalid");
  }
  // More shards one below the other than a hash has bits.
  Cid deep = put_block(Codec::dag_pb, encode_dag_pb(shard_node({}, {}, 256)), blocks);
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t bucket = murmur3_x64_64(view_of("470.txt")) << (8 * (7 - i)) >> 56;
    deep = put_block(Codec::dag_pb, encode_dag_pb(shard_node({{deep, shard_prefix(bucket, 256), 0}}, {bucket}, 256)),
                     blocks);
  }
  EXPECT_EQ(code_of(answer({deep, {"470.txt"}}, blocks)), "invalid");
  EXPECT_EQ(code_of(answer({deep, {}, DagScope::entity}, blocks)), "invalid");
}

TEST(DagWalk, MalformedFilesAreRefusedAsEntities) {
  Blocks blocks;
  const Cid leaf = make_leaf(k_wrapped, view_of("abcd")).cid;
  Bytes block;
  make_leaf(k_wrapped, view_of("abcd"), &block);
  blocks.put(leaf, block);
  const auto file = [&](std::vector<std::uint64_t> sizes) {
    PbNode node;
    UnixfsData data;
    data.blocksizes = std::move(sizes);
    node.links.push_back({leaf, "", 0});
    node.data = encode_unixfs(data);
    return put_block(Codec::dag_pb, encode_dag_pb(node), blocks);
  };
  EXPECT_EQ(code_of(answer({file({4}), {}, DagScope::entity}, blocks)), "");
  EXPECT_EQ(code_of(answer({file({5}), {}, DagScope::entity}, blocks)), "invalid");
  EXPECT_EQ(code_of(answer({file({4, 4}), {}, DagScope::entity}, blocks)), "invalid");
  EXPECT_EQ(code_of(answer({file({5}), {}, DagScope::all}, blocks)), "");  // links are links
}

TEST(DagWalk, SymbolicLinksAreGivenAndNeverFollowed) {
  Blocks blocks;
  UnixfsData data;
  data.type = UnixfsType::symlink;
  data.data = Bytes{'a'};
  const Cid link = put_block(Codec::dag_pb, encode_dag_pb({{}, encode_unixfs(data)}), blocks);
  const TreeNode root = folder({{"a", import("x", k_small, blocks)}, {"link", {link, 0, 0}}}, blocks);
  for (const DagScope scope : {DagScope::block, DagScope::entity, DagScope::all}) {
    EXPECT_EQ(answer({root.cid, {"link"}, scope}, blocks).cids, (std::vector{root.cid, link}));
  }
  EXPECT_EQ(code_of(answer({root.cid, {"link", "x"}}, blocks)), "invalid");
}

// A folder over a document {"files": {"single": a file, "many": a file}, "list": [a folder]}.
struct Documents {
  Tree tree;
  Cid document = Cid::raw_of({}), root = Cid::raw_of({});
  Documents() {
    Bytes block;
    append_cbor_head(block, CborKind::map, 2);
    append_cbor_text(block, "list");
    append_cbor_head(block, CborKind::list, 1);
    append_cbor_link(block, tree.sub.cid);
    append_cbor_text(block, "files");
    append_cbor_head(block, CborKind::map, 2);
    append_cbor_text(block, "many");
    append_cbor_link(block, tree.many.cid);
    append_cbor_text(block, "single");
    append_cbor_link(block, tree.one.cid);
    document = put_block(Codec::dag_cbor, std::move(block), tree.blocks);
    root = folder({{"document", {document, 0, 0}}}, tree.blocks).cid;
  }
};

TEST(DagWalk, GoesThroughDagCbor) {
  const Documents it;
  const auto of = [&](const Cid& root, std::vector<std::string> path, DagScope scope = DagScope::all) {
    return answer({root, std::move(path), scope}, it.tree.blocks);
  };
  EXPECT_EQ(of(it.document, {"files", "single"}).cids, (std::vector{it.document, it.tree.one.cid}));
  EXPECT_EQ(of(it.document, {"list", "0", "one"}).cids, (std::vector{it.document, it.tree.sub.cid, it.tree.one.cid}));
  EXPECT_EQ(of(it.root, {"document", "files", "many"}, DagScope::entity).cids,
            joined({it.root, it.document}, it.tree.many_and(0, 5)));
  EXPECT_EQ(of(it.root, {"document"}, DagScope::entity).cids, (std::vector{it.root, it.document}));
  EXPECT_EQ(of(it.root, {"document"}, DagScope::block).cids, (std::vector{it.root, it.document}));
  EXPECT_EQ(of(it.document, {}).cids,
            joined(joined({it.document, it.tree.sub.cid}, it.tree.many_and(0, 5)), {it.tree.one.cid}));
  const Answer none = of(it.root, {"document", "files", "none"});
  EXPECT_EQ(code_of(none), "not_found");
  EXPECT_EQ(none.error->message, it.root.str() + "/document: \"none\" does not exist there");
  EXPECT_EQ(code_of(of(it.document, {"files", "single", "x"})), "invalid");
}

TEST(DagWalk, APathMayEndInsideDagCbor) {
  const Documents it;
  const auto of = [&](DagScope scope) { return answer({it.document, {"files"}, scope}, it.tree.blocks); };
  EXPECT_EQ(of(DagScope::block).cids, std::vector{it.document});
  EXPECT_EQ(of(DagScope::entity).cids, std::vector{it.document});
  EXPECT_EQ(of(DagScope::all).cids, joined(joined({it.document}, it.tree.many_and(0, 5)), {it.tree.one.cid}));
  EXPECT_TRUE(of(DagScope::block).path_done);
}

TEST(DagWalk, LinksToLinksAreBounded) {
  for (const int count : {32, 33}) {
    Blocks blocks;
    Bytes last;
    append_cbor_head(last, CborKind::map, 1);
    append_cbor_text(last, "x");
    append_cbor_link(last, put_raw("x", blocks));
    Cid at = put_block(Codec::dag_cbor, std::move(last), blocks);
    for (int i = 0; i < count; ++i) {
      Bytes block;
      append_cbor_link(block, at);
      at = put_block(Codec::dag_cbor, std::move(block), blocks);
    }
    EXPECT_EQ(code_of(answer({at, {"x"}}, blocks)), count == 32 ? "" : "invalid");
  }
}

TEST(DagWalk, DuplicatesComeOnceOrEachTime) {
  Blocks blocks;
  std::vector<Cid> leaves;
  const TreeNode same = import("same", k_small, blocks);
  const TreeNode many = import("aaaabbbbaaaa", k_small, blocks, &leaves);
  const TreeNode root = folder({{"a", same}, {"b", same}, {"c", many}, {"d", many}}, blocks);
  const Answer once = answer({root.cid, {}}, blocks);
  EXPECT_EQ(once.cids, (std::vector{root.cid, same.cid, many.cid, leaves[0], leaves[1]}));
  const Answer each = answer({root.cid, {}, DagScope::all, {}, Duplicates::yes}, blocks);
  EXPECT_EQ(each.cids, (std::vector{root.cid, same.cid, same.cid, many.cid, leaves[0], leaves[1], leaves[0], many.cid,
                                    leaves[0], leaves[1], leaves[0]}));
}

Cid identity_of(Codec codec, ByteView bytes) {
  return Cid::v1(codec, Multihash{HashCode::identity, Bytes(bytes.begin(), bytes.end())});
}

TEST(DagWalk, IdentityBlocksAreLookedIntoAndNeverGiven) {
  Blocks blocks;
  for (const DagScope scope : {DagScope::block, DagScope::entity, DagScope::all}) {
    for (const Duplicates duplicates : {Duplicates::no, Duplicates::yes}) {
      const Answer probe = answer({identity_of(Codec::raw, view_of("hi")), {}, scope, {}, duplicates}, blocks);
      EXPECT_EQ(code_of(probe), "");
      EXPECT_TRUE(probe.cids.empty());
      EXPECT_TRUE(probe.path_done);
    }
  }
  const Cid leaf = put_raw("leaf", blocks);
  Directory inner = make_directory(k_small, {{"x", {leaf, 4, 4}}}).value();
  const Cid virtual_folder = identity_of(Codec::dag_pb, inner.block);
  const TreeNode root =
      folder({{"a", {identity_of(Codec::raw, view_of("hi")), 2, 2}}, {"in", {virtual_folder, 0, 0}}}, blocks);
  EXPECT_EQ(answer({root.cid, {}}, blocks).cids, (std::vector{root.cid, leaf}));
  EXPECT_EQ(answer({root.cid, {"in", "x"}}, blocks).cids, (std::vector{root.cid, leaf}));
  EXPECT_EQ(answer({root.cid, {"in"}, DagScope::entity}, blocks).cids, std::vector{root.cid});
  EXPECT_EQ(code_of(answer({root.cid, {"in", "y"}}, blocks)), "not_found");
  EXPECT_EQ(answer({virtual_folder, {"x"}}, blocks).cids, std::vector{leaf});
  EXPECT_EQ(code_of(answer({identity_of(Codec::dag_pb, view_of("?")), {"x"}}, blocks)), "invalid");
}

TEST(DagWalk, WhatCannotBeReadIsALeaf) {
  Blocks blocks;
  const Cid json = put_block(Codec::json, Bytes{'{', '}'}, blocks);
  const Cid unknown = put_block(static_cast<Codec>(0x0129), Bytes{'{', '}'}, blocks);
  const TreeNode root = folder({{"json", {json, 2, 2}}, {"unknown", {unknown, 2, 2}}}, blocks);
  EXPECT_EQ(answer({root.cid, {}}, blocks).cids, (std::vector{root.cid, json, unknown}));
  EXPECT_EQ(answer({root.cid, {"json"}}, blocks).cids, (std::vector{root.cid, json}));
  EXPECT_EQ(code_of(answer({root.cid, {"json", "x"}}, blocks)), "invalid");
  EXPECT_EQ(code_of(answer({root.cid, {"unknown", "x"}}, blocks)), "invalid");
  // dag-pb that is not UnixFS: its links belong to it for `all` only.
  const Cid plain = put_block(Codec::dag_pb, encode_dag_pb({{{json, "x", 0}}, std::nullopt}), blocks);
  EXPECT_EQ(answer({plain, {}}, blocks).cids, (std::vector{plain, json}));
  EXPECT_EQ(answer({plain, {}, DagScope::entity}, blocks).cids, std::vector{plain});
  EXPECT_EQ(code_of(answer({plain, {"x"}}, blocks)), "invalid");
}

TEST(DagWalk, DepthIsBounded) {
  Blocks blocks;
  Cid at = put_raw("x", blocks);
  for (int depth = 1; depth <= 33; ++depth) {
    at = put_block(Codec::dag_pb, encode_dag_pb({{{at, "", 0}}, std::nullopt}), blocks);
    const Answer found = answer({at, {}}, blocks);
    EXPECT_EQ(code_of(found), depth <= 32 ? "" : "invalid");
    EXPECT_EQ(found.cids.size(), static_cast<std::size_t>(std::min(depth + 1, 33)));
  }
}

TEST(DagWalk, WhatDoesNotDecodeIsRefused) {
  Blocks blocks;
  EXPECT_EQ(code_of(answer({put_block(Codec::dag_pb, Bytes{1}, blocks), {}}, blocks)), "invalid");
  EXPECT_EQ(code_of(answer({put_block(Codec::dag_cbor, Bytes{0xff}, blocks), {}}, blocks)), "invalid");
  EXPECT_EQ(code_of(answer({put_block(Codec::dag_pb, Bytes{1}, blocks), {}, DagScope::block}, blocks)), "");
  EXPECT_EQ(code_of(answer({put_block(Codec::dag_pb, Bytes(k_block_limit + 1), blocks), {}}, blocks)), "invalid");
}

}  // namespace
}  // namespace eai::ipld
