#include "preserve/cluster_api.h"

#include <gtest/gtest.h>

namespace eai::preserve {
namespace {

ClusterPin pin_of(Factor factor) {
  return {factor,
          {{"id0", "c0", Holding::has, "pinned", ""},
           {"id1", "c1", Holding::away, "cluster_error", "dial backoff"},
           {"id2", "c2", Holding::working, "pin_queued", ""},
           {"id3", "c3", Holding::failed, "unexpectedly_unpinned", ""}}};
}

TEST(ClusterPin, IsWantedOnAsManyPeersAsWereSaidOrOnAll) {
  EXPECT_EQ(pin_of({2, 3}).wanted(), 2U);
  EXPECT_EQ(pin_of({-1, -1}).wanted(), 4U);
  EXPECT_EQ(ClusterPin({{-1, -1}, {}}).wanted(), 1U) << "on none it is not kept";
  EXPECT_EQ(pin_of({2, 3}).count(Holding::has), 1U);
}

TEST(ClusterPin, SaysWhatEachPeerMakesOfIt) {
  EXPECT_EQ(words_of(pin_of({2, 2})),
            "is at 1 of 2 peers; c1 cannot be reached (dial backoff); c2 has it in its queue; "
            "c3 does not have it: unexpectedly_unpinned");
  EXPECT_EQ(words_of(ClusterPin({{1, 1}, {{"id", "c0", Holding::working, "pinning", ""}}})),
            "is at 0 of 1 peer; c0 is pinning it");
}

TEST(TreesOf, GivesEachTreeItsBlocks) {
  const auto root = [](const std::string& text) { return ipld::Cid::raw_of(view_of(text)); };
  const std::vector<BlockSize> blocks{{{}, 1}, {{}, 2}, {{}, 3}};
  const auto trees = trees_of(blocks, {{root("a"), 2}, {root("b"), 2}, {root("c"), 3}});
  ASSERT_EQ(trees.size(), 3U);
  EXPECT_EQ(trees[0].blocks.size(), 2U);
  EXPECT_TRUE(trees[1].blocks.empty());
  EXPECT_EQ(trees[2].root, root("c"));
  EXPECT_EQ(trees[2].blocks.front().size, 3U);
}

}  // namespace
}  // namespace eai::preserve
