// The part of dag_select.h that is about ranges of bytes.
#include <functional>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "ipld/dag_select_testing.h"

namespace eai::ipld {
namespace {

TEST(EntityBytes, AreTwoNumbers) {
  EXPECT_EQ(parse_entity_bytes("0:*").value(), (EntityBytes{0, std::nullopt}));
  EXPECT_EQ(parse_entity_bytes("512:1023").value(), (EntityBytes{512, 1023}));
  EXPECT_EQ(parse_entity_bytes("-1024:*").value(), (EntityBytes{-1024, std::nullopt}));
  EXPECT_EQ(parse_entity_bytes("499:-1000").value(), (EntityBytes{499, -1000}));
  EXPECT_EQ(parse_entity_bytes("5:1").value(), (EntityBytes{5, 1}));  // nothing, which is not wrong
  EXPECT_EQ(parse_entity_bytes("-9223372036854775808:9223372036854775807").value(),
            (EntityBytes{INT64_MIN, INT64_MAX}));
  for (const std::string_view bad :
       {"", ":", "0", "*", "0:", ":5", "*:5", "a:b", "0:1:2", "+1:2", " 0:1", "0:1 ", "0x1:2", "1.5:2",
        "9223372036854775808:*", "0:-9223372036854775809", "--1:*", "0:**"}) {
    EXPECT_EQ(parse_entity_bytes(bad).error().code, Code::invalid) << bad;
  }
}

// What `0:*` and the like give of the file of 17 bytes in leaves of 4.
TEST(EntityBytes, EntityBytesGiveTheBlocksThatHoldThem) {
  const Tree tree;
  struct Case {
    std::string_view range;
    std::size_t from, to;
  };
  for (const Case& c : {Case{"0:*", 0, 5},
                        {"8:*", 2, 5},
                        {"8:15", 2, 4},
                        {"8:-2", 2, 4},
                        {"-3:*", 3, 5},
                        {"-9999:*", 0, 5},
                        {"-9999:-2", 0, 4},
                        {"0:0", 0, 1},
                        {"3:4", 0, 2},
                        {"16:16", 4, 5},
                        {"0:9999", 0, 5},
                        {"7:7", 1, 2},
                        {"-1:*", 4, 5},
                        {"-17:-17", 0, 1},
                        {"0:-1", 0, 5},
                        {"17:*", 0, 0},
                        {"99:100", 0, 0},
                        {"5:4", 0, 0},
                        {"0:-18", 0, 0},
                        {"-2:-5", 0, 0},
                        {"0:-9223372036854775808", 0, 0},
                        {"-9223372036854775808:9223372036854775807", 0, 5}}) {
    Selection selection{tree.many.cid, {}, DagScope::entity, parse_entity_bytes(c.range).value()};
    EXPECT_EQ(answer(selection, tree.blocks).cids, tree.many_and(c.from, c.to)) << c.range;
    selection.scope = DagScope::all;  // implied
    EXPECT_EQ(answer(selection, tree.blocks).cids, tree.many_and(c.from, c.to)) << c.range;
    selection.scope = DagScope::block;
    EXPECT_EQ(answer(selection, tree.blocks).cids, std::vector{tree.many.cid}) << c.range;
  }
}

TEST(EntityBytes, EntityBytesOfDeepTreesWithContentInInnerNodes) {
  // Each parent holds two bytes of its own before its three children.
  Blocks blocks;
  std::map<Cid, ByteRange> places;  // of blocks that are there once
  std::uint64_t at = 0;
  const std::function<std::pair<Cid, std::uint64_t>(int)> make = [&](int depth) {
    const std::uint64_t begin = at;
    if (depth == 0) {
      const std::string content = std::to_string(1000 + at);
      at += content.size();
      const Cid cid = put_raw(content, blocks);
      places[cid] = {begin, at};
      return std::pair{cid, content.size()};
    }
    PbNode node;
    UnixfsData data;
    data.data = Bytes{static_cast<std::uint8_t>(at), static_cast<std::uint8_t>(at >> 8)};
    data.filesize = 2;
    at += 2;
    for (int i = 0; i < 3; ++i) {
      const auto [cid, size] = make(depth - 1);
      node.links.push_back({cid, "", 0});
      data.blocksizes.push_back(size);
      *data.filesize += size;
    }
    node.data = encode_unixfs(data);
    const Cid cid = put_block(Codec::dag_pb, encode_dag_pb(node), blocks);
    places[cid] = {begin, at};
    return std::pair{cid, *data.filesize};
  };
  const Cid root = make(3).first;
  const auto size = static_cast<std::int64_t>(at);
  for (std::int64_t from = 0; from < size; from += 3) {
    for (std::int64_t to = from; to < size; to += 7) {
      const Answer found = answer({root, {}, DagScope::entity, EntityBytes{from, to}}, blocks);
      ASSERT_EQ(code_of(found), "");
      std::set<Cid> expected{root};
      for (const auto& [cid, place] : places) {
        if (place.begin <= static_cast<std::uint64_t>(to) && place.end > static_cast<std::uint64_t>(from))
          expected.insert(cid);
      }
      ASSERT_EQ(std::set<Cid>(found.cids.begin(), found.cids.end()), expected) << from << ":" << to;
      ASSERT_EQ(found.cids.size(), expected.size());
    }
  }
}

TEST(EntityBytes, AMissingBlockOutsideTheRangeDoesNotMatter) {
  Blocks blocks;
  std::vector<Cid> leaves;
  const TreeNode file = import("aaaabbbbcccc", k_wrapped, blocks, &leaves);
  blocks.by_hash.erase(leaves[1].hash().bytes());
  const auto of = [&](std::string_view range) {
    return answer({file.cid, {}, DagScope::entity, parse_entity_bytes(range).value()}, blocks);
  };
  EXPECT_EQ(of("0:3").cids, (std::vector{file.cid, leaves[0]}));
  EXPECT_EQ(of("9:*").cids, (std::vector{file.cid, leaves[2]}));
  EXPECT_EQ(code_of(of("9:*")), "");
  EXPECT_EQ(code_of(of("0:4")), "network");
}

TEST(EntityBytes, EntityBytesOfWhatIsNoFileMeanNothing) {
  const Tree tree;
  const auto of = [&](const Cid& cid) { return answer({cid, {}, DagScope::all, EntityBytes{2, 3}}, tree.blocks).cids; };
  EXPECT_EQ(of(tree.root.cid), std::vector{tree.root.cid});
  EXPECT_EQ(of(tree.one.cid), std::vector{tree.one.cid});
}

// A file of three times the same inner node: what the first one lacked comes with the second.
TEST(EntityBytes, ARangeThatBeginsInsideABlockThatComesAgain) {
  Blocks blocks;
  std::vector<Cid> leaves;
  Cid node = import("aaaabbbbcccc", k_small, blocks, &leaves).cid;
  std::uint64_t size = 12;
  for (int level = 0; level < 2; ++level) {
    PbNode parent;
    UnixfsData data;
    for (int i = 0; i < 3; ++i) {
      parent.links.push_back({node, "", 0});
      data.blocksizes.push_back(size);
    }
    size *= 3;
    parent.data = encode_unixfs(data);
    node = put_block(Codec::dag_pb, encode_dag_pb(parent), blocks);
  }
  for (std::int64_t from = 0; from < static_cast<std::int64_t>(size); from += 2) {
    for (std::int64_t to = from; to < static_cast<std::int64_t>(size); to += 3) {
      Selection selection{node, {}, DagScope::entity, EntityBytes{from, to}};
      const Answer once = answer(selection, blocks);
      selection.duplicates = Duplicates::yes;
      const Answer each = answer(selection, blocks);
      ASSERT_EQ(code_of(once), "");
      ASSERT_EQ(std::set<Cid>(once.cids.begin(), once.cids.end()), std::set<Cid>(each.cids.begin(), each.cids.end()))
          << from << ":" << to;
      ASSERT_EQ(once.cids.size(), std::set<Cid>(once.cids.begin(), once.cids.end()).size());
    }
  }
}

}  // namespace
}  // namespace eai::ipld
