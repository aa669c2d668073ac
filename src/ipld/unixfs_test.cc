#include "ipld/unixfs.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "ipld/car.h"
#include "ipld/tree_testing.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

TreeNode import(ByteView content, const Profile& profile, Blocks* blocks = nullptr) {
  FileTree tree(profile, [&](const Cid& cid, Bytes block) {
    if (blocks != nullptr) blocks->put(cid, std::move(block));
  });
  for (std::size_t at = 0; at < content.size(); at += profile.chunk) {
    const ByteView chunk = content.subspan(at, std::min<std::size_t>(profile.chunk, content.size() - at));
    Bytes block;
    TreeNode leaf = make_leaf(profile, chunk, &block);
    if (blocks != nullptr) blocks->put(leaf.cid, block.empty() ? Bytes(chunk.begin(), chunk.end()) : std::move(block));
    tree.add(std::move(leaf));
  }
  return tree.finish();
}

std::string cid_of(std::string_view text, const Profile& profile) { return import(view_of(text), profile).cid.str(); }

const Profile& v0() { return *find_profile("unixfs-v0-2015"); }
const Profile& kubo_v1() { return *find_profile("kubo-v1"); }

// `count` zero bytes; each full leaf is hashed once.
std::string cid_of_zeros(std::uint64_t count, const Profile& profile) {
  FileTree tree(profile, nullptr);
  const Bytes chunk(profile.chunk, 0);
  const TreeNode full = make_leaf(profile, chunk);
  for (; count >= profile.chunk; count -= profile.chunk) tree.add(full);
  if (count > 0) tree.add(make_leaf(profile, ByteView(chunk).first(count)));
  return tree.finish().cid.str();
}

TEST(Unixfs, EmptyFile) {
  EXPECT_EQ(cid_of("", v0()), "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH");
  EXPECT_EQ(cid_of("", kubo_v1()), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
  EXPECT_EQ(cid_of("", k_unixfs_v1_2025), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
  Bytes block;
  make_leaf(v0(), {}, &block);
  EXPECT_EQ(to_hex(block), "0a0408021800");
}

TEST(Unixfs, SmallFiles) {
  EXPECT_EQ(cid_of("hello world\n", v0()), "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o");
  EXPECT_EQ(cid_of("hello world\n", k_unixfs_v1_2025), "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4");
  EXPECT_EQ(cid_of("hello world", v0()), "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD");
  Bytes block;
  make_leaf(v0(), view_of("hello world\n"), &block);
  EXPECT_EQ(to_hex(block), "0a120802120c68656c6c6f20776f726c640a180c");
}

TEST(Unixfs, PackingInSmallTrees) {
  EXPECT_EQ(cid_of("abcde", {"", 1, Leaves::raw, 2, 2}), "bafybeihmmknz4dr3ushjvv5532hg7x2pyvwmzh7cpgnjqsp5b2sx2wezdu");
  EXPECT_EQ(cid_of("abcdefghijklm", {"", 1, Leaves::raw, 1, 2}),
            "bafybeihbgfy3ocpvwe6lokd7ajwd5el6jjxmlv6czk2xasxn6cqfl7l6ue");
}

TEST(Unixfs, Zeros) {
  const Profile& old = *find_profile("test-cid-v1");
  EXPECT_EQ(cid_of_zeros(k_mib, v0()), "QmVkbauSDEaMP4Tkq6Epm9uW75mWm136n81YH8fGtfwdHU");
  EXPECT_EQ(cid_of_zeros(k_mib, kubo_v1()), "bafybeiggzq4ryi7hscq5hzvzcnk4urnxt3asp37dhgvnjilf7exskximla");
  EXPECT_EQ(cid_of_zeros(k_mib, k_unixfs_v1_2025), "bafkreibq4fevl27rgurgnxbp7adh42aqiyd6ouflxhj3gzmcxcxzbh6lla");
  EXPECT_EQ(cid_of_zeros(k_mib + 1, k_unixfs_v1_2025), "bafybeihd4yzq7n5umhjngdum4r6k2to7egxfkf2jz6thvwzf6djus22cmq");
  EXPECT_EQ(cid_of_zeros(174 * 256 * k_kib + 1, kubo_v1()),
            "bafybeihqwzd3o6q6v3pmwhzjy22vokhr767burokmqemg63hptx2nqd7ym");
  EXPECT_EQ(cid_of_zeros(512 * k_mib, kubo_v1()), "bafybeiak37ocm5uae54dplvg5vaavvbw6hjhocf5qzfhl5j5wtlmu26avi");
  EXPECT_EQ(cid_of_zeros(512 * k_mib, k_unixfs_v1_2025), "bafybeicruqf25a2ocw7gbpvha6evewipuje6l62fysm3tmsvvypmqwqeam");
  EXPECT_EQ(cid_of_zeros(512 * k_mib, old), "bafybeidgflwsegmwlebui6koidzspomnnpmjwkjzjj3jhvnpt5m45sg6nu");
}

// kubo's own vectors: a ChaCha20 key stream, key = SHA-256 of the seed.
class KeyStream {
 public:
  explicit KeyStream(std::string_view seed) : context_(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free) {
    const Sha256 key = sha256(view_of(seed));
    const std::uint8_t iv[16] = {};
    EVP_EncryptInit_ex(context_.get(), EVP_chacha20(), nullptr, key.data(), iv);
  }
  Bytes next(std::size_t size) {
    Bytes zeros(size), out(size);
    int written = 0;
    EVP_EncryptUpdate(context_.get(), out.data(), &written, zeros.data(), static_cast<int>(size));
    return out;
  }

 private:
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context_;
};

std::pair<std::string, std::string> stream_cids(std::string_view seed, std::uint64_t size, const Profile& profile) {
  KeyStream stream(seed);
  FileTree exact(profile, nullptr), more(profile, nullptr);
  for (std::uint64_t at = 0; at < size; at += profile.chunk) {
    const TreeNode leaf = make_leaf(profile, stream.next(profile.chunk));
    exact.add(leaf);
    more.add(leaf);
  }
  more.add(make_leaf(profile, stream.next(1)));
  return {exact.finish().cid.str(), more.finish().cid.str()};
}

TEST(Unixfs, KubosKeyStreamVectors) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(stream_cids("chunk-v0-seed", 262144, v0()),
            Pair("QmWmRj3dFDZdb6ABvbmKhEL6TmPbAfBZ1t5BxsEyJrcZhE", "QmYyLxtzZyW22zpoVAtKANLRHpDjZtNeDjQdJrcQNWoRkJ"));
  EXPECT_EQ(stream_cids("v0-seed", 174 * 262144, v0()),
            Pair("QmUbBALi174SnogsUzLpYbD4xPiBSFANF4iztWCsHbMKh2", "QmV81WL765sC8DXsRhE5fJv2rwhS4icHRaf3J9Zk5FdRnW"));
  EXPECT_EQ(stream_cids("chunk-v1-seed", k_mib, k_unixfs_v1_2025),
            Pair("bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta",
                 "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64"));
  EXPECT_EQ(stream_cids("v1-2025-seed", k_gib, k_unixfs_v1_2025),
            Pair("bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm",
                 "bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe"));
}

TEST(Unixfs, Directories) {
  auto build = [](const Profile& profile) {
    std::vector<DirectoryEntry> entries{{"b.txt", make_leaf(profile, view_of("world\n"))},
                                        {"a.txt", make_leaf(profile, view_of("hello\n"))}};
    return make_directory(profile, std::move(entries)).value();
  };
  const Directory v1 = build(k_unixfs_v1_2025);
  EXPECT_EQ(v1.node.cid.str(), "bafybeiebfcvnu4542ztbnnbmo4sklt4u4l7qojvdekoseakophyy7ps3ja");
  EXPECT_EQ(to_hex(v1.block),
            "122f0a24015512205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be031205612e747874180612"
            "2f0a2401551220e258d248fda94c63753607f7c4494ee0fcbe92f1a76bfdac795c9d84101eb3171205622e74787418060a020801");
  EXPECT_EQ(v1.node.tsize, 114U);
  EXPECT_EQ(build(v0()).node.cid.str(), "QmZaSAo5hX2gBd7uJEZUjcWfEpUnw5kE8P4g56bvZfgsxf");
  EXPECT_EQ(make_directory(k_unixfs_v1_2025, {{"d", v1.node}}).value().node.cid.str(),
            "bafybeifme6pomujfovwkrvqsnckpsbobktzwhpvvrhgwqhwj6m6x5uz7yy");
  EXPECT_EQ(make_directory(v0(), {}).value().node.cid.str(), "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
  EXPECT_EQ(make_directory(k_unixfs_v1_2025, {}).value().node.cid.str(),
            "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
}

TEST(Unixfs, DirectoryNamesThatNoFileCanHave) {
  const TreeNode node = make_leaf(k_unixfs_v1_2025, view_of("x"));
  for (std::string name :
       {std::string(""), std::string("."), std::string(".."), std::string("a/b"), std::string("a\0", 2)}) {
    EXPECT_EQ(make_directory(k_unixfs_v1_2025, {{name, node}}).error().code, Code::invalid) << name;
  }
  EXPECT_FALSE(make_directory(k_unixfs_v1_2025, {{"a", node}, {"a", node}}).has_value());
}

Bytes pattern(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 31 + i / 256);
  return out;
}

Result<Bytes> read_back(const Cid& root, const Blocks& blocks, std::uint64_t limit = k_gib) {
  Bytes out;
  auto size = read_unixfs_file(root, limit, blocks.getter(), [&](ByteView bytes) -> Result<void> {
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  });
  if (!size) return Failure(std::move(size).error());
  EXPECT_EQ(*size, out.size());
  return out;
}

TEST(UnixfsReader, ReadsBackWhatWasWritten) {
  const Bytes content = pattern(2011);
  for (Profile profile : {Profile{"", 1, Leaves::raw, 10, 3}, Profile{"", 0, Leaves::dag_pb, 7, 2}}) {
    Blocks blocks;
    const TreeNode root = import(content, profile, &blocks);
    EXPECT_EQ(root.size, content.size());
    auto out = read_back(root.cid, blocks);
    ASSERT_TRUE(out.has_value()) << out.error().message;
    EXPECT_EQ(*out, content);
  }
}

TEST(UnixfsReader, MixedDepthsAndInlineContent) {
  Blocks blocks;
  const Profile profile{"", 1, Leaves::raw, 4, 3};
  const TreeNode big = import(pattern(100), profile, &blocks);
  FileTree tree(profile, [&](const Cid& cid, Bytes block) { blocks.put(cid, std::move(block)); });
  tree.add(make_leaf(profile, view_of("head")));
  blocks.put(Cid::raw_of(view_of("head")), {'h', 'e', 'a', 'd'});
  tree.add(big);
  const TreeNode root = tree.finish();
  Bytes expected{'h', 'e', 'a', 'd'};
  const Bytes rest = pattern(100);
  expected.insert(expected.end(), rest.begin(), rest.end());
  EXPECT_EQ(read_back(root.cid, blocks).value(), expected);
  auto walk = TreeWalk::begin(root.cid, root.size).value();
  EXPECT_EQ(list_leaves(walk, blocks.getter()).value().count(), 26U);

  UnixfsData data;
  data.data = Bytes{'i', 'n'};
  data.filesize = 102;
  data.blocksizes = {100};
  PbNode node{{{big.cid, "", big.tsize}}, encode_unixfs(data)};
  const Bytes block = encode_dag_pb(node);
  const Cid cid = Cid::v1(Codec::dag_pb, Cid::raw_of(block).hash());
  blocks.put(cid, block);
  EXPECT_EQ(read_back(cid, blocks).value().size(), 102U);
  auto with_inline = TreeWalk::begin(cid, 102).value();
  const LeafTable leaves = list_leaves(with_inline, blocks.getter()).value();
  EXPECT_EQ(leaves.range(0), (ByteRange{0, 2}));
  EXPECT_EQ(leaves.range(1).begin, 2U);
  EXPECT_EQ(leaves.range(leaves.count() - 1).end, 102U);
}

TEST(UnixfsReader, LiesAreFound) {
  const Profile profile{"", 1, Leaves::raw, 4, 3};
  Blocks blocks;
  const TreeNode root = import(pattern(20), profile, &blocks);
  EXPECT_EQ(read_back(root.cid, blocks, 19).error().code, Code::invalid);

  Blocks flipped = blocks;
  flipped.by_hash.begin()->second[0] ^= 1;
  EXPECT_EQ(read_back(root.cid, flipped).error().code, Code::corrupt);

  // A parent that promises more than its child holds.
  UnixfsData data;
  data.filesize = 5;
  data.blocksizes = {5};
  PbNode node{{{Cid::raw_of(view_of("four")), "", 4}}, encode_unixfs(data)};
  const Bytes block = encode_dag_pb(node);
  const Cid cid = Cid::v1(Codec::dag_pb, Cid::raw_of(block).hash());
  blocks.put(cid, block);
  blocks.put(Cid::raw_of(view_of("four")), {'f', 'o', 'u', 'r'});
  EXPECT_EQ(read_back(cid, blocks).error().code, Code::corrupt);
}

TEST(UnixfsReader, WhatIsNoFile) {
  const Cid folder = make_directory(k_unixfs_v1_2025, {}).value().node.cid;
  EXPECT_EQ(decode_file_node(folder, from_hex("0a020801").value()).error().code, Code::unsupported);
  // A symlink, and an empty block, which is valid dag-pb but no UnixFS.
  EXPECT_EQ(decode_file_node(folder, from_hex("0a0708041203666f6f").value()).error().code, Code::unsupported);
  EXPECT_EQ(decode_file_node(folder, {}).error().code, Code::invalid);
  // filesize that does not add up; a size without a link.
  EXPECT_FALSE(decode_file_node(folder, from_hex("0a0408021801").value()).has_value());
  EXPECT_FALSE(decode_file_node(folder, from_hex("0a06080218042004").value()).has_value());
}

TEST(DagPb, RejectsWhatIsNotStrict) {
  for (const char* hex : {"0a00", "0a03010203"}) {
    auto node = decode_dag_pb(from_hex(hex).value());
    // Valid dag-pb (data of no or three bytes), but no UnixFS.
    ASSERT_TRUE(node.has_value());
    EXPECT_FALSE(decode_unixfs(*node->data).has_value()) << hex;
  }
  const char* const bad[] = {
      "0a",            // cut off
      "0a05",          // longer than the block
      "0800",          // wrong wire type
      "1a00",          // unknown field
      "0a000a00",      // data twice
      "1200",          // a link without a hash
      "12040a02ffff",  // a hash that is no CID
      "12022200",      // unknown field in a link
  };
  for (const char* hex : bad) EXPECT_FALSE(decode_dag_pb(from_hex(hex).value()).has_value()) << hex;
  const std::string link = "122b0a24015512205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be031201611806";
  EXPECT_TRUE(decode_dag_pb(from_hex(link + "0a020801").value()).has_value());
  EXPECT_TRUE(decode_dag_pb(from_hex("0a020801" + link).value()).has_value());
  EXPECT_FALSE(decode_dag_pb(from_hex(link + "0a020801" + link).value()).has_value());
  EXPECT_EQ(decode_dag_pb(Bytes(k_block_limit + 1)).error().code, Code::invalid);
}

TEST(DagPb, EmptyDataIsNotAbsentData) {
  EXPECT_EQ(to_hex(encode_dag_pb({})), "");
  EXPECT_EQ(to_hex(encode_dag_pb({{}, Bytes{}})), "0a00");
}

TEST(Car, HelloWorldByteForByte) {
  const ByteView block = view_of("hello world\n");
  const Cid cid = Cid::raw_of(block);
  Bytes car = car_header({cid});
  const Bytes head = car_section_head(cid, block.size());
  car.insert(car.end(), head.begin(), head.end());
  car.insert(car.end(), block.begin(), block.end());
  EXPECT_EQ(to_hex(car),
            "3aa265726f6f747381d82a58250001551220a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447"
            "6776657273696f6e013001551220a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447"
            "68656c6c6f20776f726c640a");

  // Read in single bytes.
  std::size_t blocks = 0;
  CarReader reader([&](const Cid& got, ByteView bytes) -> Result<void> {
    EXPECT_EQ(got, cid);
    EXPECT_EQ(text_of(bytes), "hello world\n");
    ++blocks;
    return {};
  });
  for (std::uint8_t byte : car) ASSERT_TRUE(reader.feed({&byte, 1}).has_value());
  EXPECT_TRUE(reader.finish().has_value());
  EXPECT_EQ(blocks, 1U);
  EXPECT_EQ(reader.roots(), std::vector<Cid>{cid});

  auto ignore = [](const Cid&, ByteView) -> Result<void> { return {}; };
  CarReader cut(ignore);
  ASSERT_TRUE(cut.feed(ByteView(car).first(car.size() - 1)).has_value());
  EXPECT_EQ(cut.finish().error().code, Code::corrupt);
  car.back() ^= 1;
  CarReader flipped(ignore);
  EXPECT_EQ(flipped.feed(car).error().code, Code::corrupt);
}

TEST(Car, DirectoryVector) {
  const Profile& profile = k_unixfs_v1_2025;
  const Directory folder = make_directory(profile, {{"a.txt", make_leaf(profile, view_of("hello\n"))},
                                                    {"b.txt", make_leaf(profile, view_of("world\n"))}})
                               .value();
  Bytes car = car_header({folder.node.cid});
  auto add = [&](const Cid& cid, ByteView block) {
    const Bytes head = car_section_head(cid, block.size());
    car.insert(car.end(), head.begin(), head.end());
    car.insert(car.end(), block.begin(), block.end());
  };
  add(folder.node.cid, folder.block);
  add(Cid::raw_of(view_of("hello\n")), view_of("hello\n"));
  add(Cid::raw_of(view_of("world\n")), view_of("world\n"));
  EXPECT_EQ(car.size(), 285U);
  const Sha256 hash = sha256(car);
  EXPECT_EQ(to_hex(hash), "9798525823196ede8bd050a2942b69425f3e142594dbaa683c6c60b410f421d3");
}

TEST(Car, StrangeHeaders) {
  auto feed = [](std::string_view hex) {
    return CarReader([](const Cid&, ByteView) -> Result<void> { return {}; }).feed(from_hex(hex).value());
  };
  EXPECT_EQ(feed("0aa16776657273696f6e02").error().code, Code::unsupported);  // the pragma of CARv2
  EXPECT_EQ(feed("00").error().code, Code::invalid);
  EXPECT_EQ(feed("ffffffff7f").error().code, Code::invalid);
  EXPECT_EQ(feed("0aa16776657273696f6e03").error().code, Code::invalid);
  EXPECT_EQ(feed("ffffffffffffffffffff").error().code, Code::invalid);
}

}  // namespace
}  // namespace eai::ipld

namespace eai::ipld {
namespace {

TEST(VerifyContent, OneBlockInEitherForm) {
  // The vectors of "hello world\n" (docs/formats.md).
  ByteView content = view_of("hello world\n");
  for (const char* id :
       {"bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4", "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o",
        "bafybeicg2rebjoofv4kbyovkw7af3rpiitvnl6i7ckcywaq6xjcxnc2mby"}) {
    EXPECT_TRUE(verify_content(*Cid::parse(id), content)) << id;
    auto other = verify_content(*Cid::parse(id), view_of("hello world!"));
    ASSERT_FALSE(other) << id;
    EXPECT_EQ(other.error().code, Code::corrupt) << id;
  }
}

}  // namespace
}  // namespace eai::ipld
