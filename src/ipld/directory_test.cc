#include "ipld/directory.h"

#include <gtest/gtest.h>

#include "ipld/directory_testing.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

PbLink link_of(std::string_view name) { return {Cid::raw_of(view_of(name)), std::string(name), name.size()}; }

Bytes folder(const std::vector<std::string>& names) {
  PbNode node;
  for (const std::string& name : names) node.links.push_back(link_of(name));
  UnixfsData data;
  data.type = UnixfsType::directory;
  node.data = encode_unixfs(data);
  return encode_dag_pb(node);
}

// The fault of a shard that `change` has made wrong, or "".
template <typename Change>
std::string fault_of_shard(Change change, int level = 0) {
  std::vector<PbLink> links;
  std::vector<std::uint64_t> buckets;
  for (const std::string_view name : {"470.txt", "b"}) {  // in this order of their buckets
    const std::uint64_t bucket = murmur3_x64_64(view_of(name)) << (8 * (level % 8)) >> 56;
    links.push_back(link_of(name));
    links.back().name.insert(0, shard_prefix(bucket, 256));
    buckets.push_back(bucket);
  }
  if (buckets[1] < buckets[0]) {
    std::swap(links[0], links[1]);
    std::swap(buckets[0], buckets[1]);
  }
  PbNode node = shard_node(links, buckets, 256);
  UnixfsData data = decode_unixfs(*node.data).value();
  change(node, data);
  node.data = encode_unixfs(data);
  const auto read = decode_directory(encode_dag_pb(node), level);
  if (read) return "";
  EXPECT_EQ(read.error().code, Code::invalid);
  return read.error().message.substr(std::string_view("not a UnixFS folder: ").size());
}

TEST(Murmur3, HashesAsOthersDo) {
  EXPECT_EQ(murmur3_x64_64({}), 0U);
  EXPECT_EQ(murmur3_x64_64(view_of("hello")), 0xcbd8a7b341bd9b02U);
  EXPECT_EQ(murmur3_x64_64(view_of("hello, world")), 0x342fac623a5ebc8eU);
  EXPECT_EQ(murmur3_x64_64(view_of("The quick brown fox jumps over the lazy dog.")), 0xcd99481f9ee902c9U);
  // The example of the UnixFS specification: the buckets of the first two levels.
  EXPECT_EQ(murmur3_x64_64(view_of("470.txt")) >> 48, 0x006eU);
  EXPECT_EQ(murmur3_x64_64(view_of("742.txt")) >> 48, 0x00ffU);
}

TEST(Directory, FindsNames) {
  const DirectoryNode node = decode_directory(folder({"b", "a", "\xff"})).value();
  ASSERT_EQ(node.links.size(), 3U);
  EXPECT_EQ(node.links[0].name, "b");  // in the block's order
  EXPECT_FALSE(node.fanout.has_value());
  EXPECT_EQ(find_entry(node, "a")->cid, Cid::raw_of(view_of("a")));
  EXPECT_EQ(find_entry(node, "\xff")->tsize, 1U);
  EXPECT_EQ(find_entry(node, "c"), nullptr);
  EXPECT_EQ(find_entry(node, ""), nullptr);
  EXPECT_TRUE(decode_directory(folder({})).value().links.empty());
}

TEST(Directory, RefusesNamesThatNoFileCanHave) {
  const std::string with_zero("a\0b", 3);
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("/"), with_zero}) {
    EXPECT_FALSE(is_entry_name(name));
    EXPECT_EQ(decode_directory(folder({"x", name})).error().code, Code::invalid) << name;
    EXPECT_FALSE(make_directory(k_unixfs_v1_2025, {{name, raw_leaf({}, 0)}}).has_value());
  }
  EXPECT_TRUE(is_entry_name("..."));
  EXPECT_TRUE(is_entry_name(" "));
}

TEST(Directory, RefusesNamesThatRepeat) {
  const auto read = decode_directory(folder({"b", "a", "b"}));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().message, "not a UnixFS folder: it has two entries with the name \"b\"");
}

TEST(Directory, OtherNodesAreUnsupported) {
  PbNode node;
  UnixfsData data;
  for (const UnixfsType type : {UnixfsType::file, UnixfsType::raw, UnixfsType::symlink, UnixfsType::metadata}) {
    data.type = type;
    node.data = encode_unixfs(data);
    EXPECT_EQ(decode_directory(encode_dag_pb(node)).error().code, Code::unsupported);
  }
  EXPECT_EQ(decode_directory({}).error().code, Code::invalid);  // a node without data
  EXPECT_EQ(decode_directory(view_of("?")).error().code, Code::invalid);
  EXPECT_EQ(decode_directory(folder({"a"}), 1).error().code, Code::invalid);  // not a shard
}

TEST(Directory, FindsNamesInShardsOfEveryFanout) {
  for (const std::uint64_t fanout : {8U, 16U, 32U, 64U, 128U, 256U, 512U, 1024U}) {
    Blocks blocks;
    std::map<std::string, Cid> entries;
    for (int i = 0; i < 300; ++i) {
      const std::string name = std::to_string(i) + ".txt";
      entries.emplace(name, Cid::raw_of(view_of(name)));
    }
    const Cid root = put_shards(entries, fanout, blocks);
    const auto find = [&](std::string_view name) -> std::optional<Cid> {
      Cid at = root;
      for (int level = 0;; ++level) {
        const DirectoryNode node = decode_directory(*blocks.find(at), level, fanout).value();
        const PbLink* link = find_entry(node, name);
        if (link == nullptr) return std::nullopt;
        if (!link->name.empty()) return link->cid;
        at = link->cid;
      }
    };
    for (const auto& [name, cid] : entries) ASSERT_EQ(find(name), cid) << fanout << " " << name;
    for (int i = 300; i < 600; ++i) EXPECT_FALSE(find(std::to_string(i) + ".txt").has_value());
    EXPECT_FALSE(find("").has_value());
  }
}

TEST(Directory, TakesAShardAndRefusesWhatIsWrongWithIt) {
  EXPECT_EQ(fault_of_shard([](PbNode&, UnixfsData&) {}), "");
  EXPECT_EQ(fault_of_shard([](PbNode&, UnixfsData&) {}, 7), "");
  EXPECT_EQ(fault_of_shard([](PbNode&, UnixfsData& data) { data.hash_type = 0x12; }),
            "its hash function is not murmur3-x64-64");
  EXPECT_EQ(fault_of_shard([](PbNode&, UnixfsData& data) { data.hash_type.reset(); }),
            "its hash function is not murmur3-x64-64");
  for (const std::uint64_t fanout : {0U, 1U, 4U, 24U, 257U, 2048U}) {
    EXPECT_EQ(fault_of_shard([&](PbNode&, UnixfsData& data) { data.fanout = fanout; }),
              "its fanout is " + std::to_string(fanout) + ", which is not a power of two from 8 to 1024");
  }
  EXPECT_EQ(fault_of_shard([](PbNode&, UnixfsData& data) { data.fanout.reset(); }),
            "its fanout is 0, which is not a power of two from 8 to 1024");
  EXPECT_EQ(fault_of_shard([](PbNode&, UnixfsData& data) { data.data->insert(data.data->begin(), 0); }),
            "its bitfield is longer than its fanout");
  EXPECT_EQ(fault_of_shard([](PbNode&, UnixfsData& data) { data.data.reset(); }),
            "its bitfield has fewer bits than it has links");
  EXPECT_EQ(fault_of_shard([](PbNode& node, UnixfsData&) { node.links.pop_back(); }),
            "its bitfield has more bits than it has links");
  EXPECT_EQ(fault_of_shard([](PbNode& node, UnixfsData&) { node.links.push_back(node.links.back()); }),
            "its bitfield has fewer bits than it has links");
  EXPECT_EQ(fault_of_shard([](PbNode& node, UnixfsData&) { std::swap(node.links[0], node.links[1]); }),
            "a link's prefix is not that of its bucket");
  EXPECT_EQ(fault_of_shard([](PbNode& node, UnixfsData&) { node.links[0].name = "0"; }),
            "a link's prefix is not that of its bucket");
  EXPECT_EQ(fault_of_shard([](PbNode& node, UnixfsData&) { node.links[0].name += "/x"; }),
            "\"470.txt/x\" is a name that no file can have");
  EXPECT_EQ(fault_of_shard([](PbNode& node, UnixfsData&) { node.links[0].name = "00471.txt"; }),
            "\"471.txt\" lies in a bucket that is not that of its hash");
  EXPECT_EQ(fault_of_shard([](PbNode&, UnixfsData&) {}, 8), "it has more levels than a hash has bits");
}

TEST(Directory, LeadingZerosOfABitfieldMayBeLeftOut) {
  Blocks blocks;
  PbNode node = shard_node({{Cid::raw_of({}), "00", 0}}, {0}, 256);
  UnixfsData data = decode_unixfs(*node.data).value();
  data.data = Bytes{1};
  node.data = encode_unixfs(data);
  const DirectoryNode read = decode_directory(encode_dag_pb(node)).value();
  EXPECT_EQ(find_entry(read, "470.txt"), &read.links[0]);
  EXPECT_EQ(find_entry(read, "b"), nullptr);
}

TEST(Directory, ShardsHaveOneFanout) {
  Blocks blocks;
  const Bytes block = encode_dag_pb(shard_node({}, {}, 256));
  EXPECT_TRUE(decode_directory(block, 0, 256).has_value());
  EXPECT_EQ(decode_directory(block, 1, 64).error().message, "not a UnixFS folder: its shards differ in their fanout");
}

}  // namespace
}  // namespace eai::ipld
