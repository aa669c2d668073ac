#include <gtest/gtest.h>

#include "ipld/car.h"
#include "ipld/unixfs.h"
#include "peers/block_source.h"
#include "util/file.h"

namespace eai::peers {
namespace {

using ipld::Cid;

Bytes car_of(const Cid& root, const std::vector<std::pair<Cid, Bytes>>& blocks) {
  Bytes out = ipld::car_header({root});
  for (const auto& [cid, block] : blocks) {
    const Bytes head = ipld::car_section_head(cid, block.size());
    out.insert(out.end(), head.begin(), head.end());
    out.insert(out.end(), block.begin(), block.end());
  }
  return out;
}

TEST(CarSource, GivesItsBlocksAndFiles) {
  TemporaryFolder folder;
  Bytes content(3 * k_mib / 2);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i * 7);
  std::vector<std::pair<Cid, Bytes>> blocks;
  ipld::FileTree tree(ipld::k_unixfs_v1_2025,
                      [&](const Cid& cid, const Bytes& block) { blocks.emplace_back(cid, block); });
  for (const std::size_t at : {std::size_t{0}, std::size_t{k_mib}}) {
    const ByteView leaf = ByteView(content).subspan(at, std::min<std::size_t>(k_mib, content.size() - at));
    blocks.emplace_back(Cid::raw_of(leaf), Bytes(leaf.begin(), leaf.end()));
    tree.add(ipld::make_leaf(ipld::k_unixfs_v1_2025, leaf, nullptr));
  }
  const Cid root = tree.finish().cid;
  ASSERT_TRUE(write_file_atomic(folder.path() / "m.car", car_of(root, blocks)));

  auto source = open_car_source("car:m.car", folder.path() / "m.car");
  ASSERT_TRUE(source) << source.error().message;
  for (const auto& [cid, block] : blocks) EXPECT_EQ((*source)->block(cid), block);
  EXPECT_EQ((*source)->block(Cid::raw_of(view_of("other"))).error().code, Code::not_found);
  Bytes whole;
  ASSERT_TRUE((*source)->whole(
      root,
      [&](ByteView bytes) -> Result<void> {
        whole.insert(whole.end(), bytes.begin(), bytes.end());
        return {};
      },
      [] {}));
  EXPECT_EQ(whole, content);
}

TEST(CarSource, ABlockThatIsNotItsCidsIsRefused) {
  TemporaryFolder folder;
  const Cid id = Cid::raw_of(view_of("right"));
  ASSERT_TRUE(write_file_atomic(folder.path() / "m.car", car_of(id, {{id, Bytes{'w', 'r', 'o', 'n', 'g'}}})));
  EXPECT_EQ(open_car_source("car:m.car", folder.path() / "m.car").error().code, Code::corrupt);
}

}  // namespace
}  // namespace eai::peers
