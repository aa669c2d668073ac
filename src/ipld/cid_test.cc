#include "ipld/cid.h"

#include <unordered_set>

#include <gtest/gtest.h>

#include "ipld/hash.h"
#include "ipld/varint.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

std::string error_of(std::string_view text) {
  auto cid = Cid::parse(text);
  if (cid) {
    ADD_FAILURE() << text << " was taken for a CID";
    return "";
  }
  EXPECT_EQ(cid.error().code, Code::invalid);
  return cid.error().message;
}

constexpr std::string_view k_hello = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4";

TEST(Varint, writes_and_reads_shortest_form) {
  for (std::uint64_t value : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{0xb220},
                              (std::uint64_t{1} << 63) - 1}) {
    Bytes bytes;
    append_varint(bytes, value);
    EXPECT_EQ(bytes.size(), varint_size(value));
    ByteView view = bytes;
    EXPECT_EQ(take_varint(view).value(), value);
    EXPECT_TRUE(view.empty());
  }
  Bytes bytes;
  append_varint(bytes, 0xb220);
  EXPECT_EQ(to_hex(bytes), "a0e402");
}

TEST(Varint, refuses_cut_long_and_padded_forms) {
  for (std::string_view bad : {"", "80", "8000", "ffffffffffffffffff01"}) {
    const Bytes bytes = hex(bad);
    ByteView view = bytes;
    EXPECT_FALSE(take_varint(view)) << bad;
    EXPECT_EQ(view.size(), bytes.size());
  }
  Bytes bytes = hex("ffffffffffffffffff01");
  ByteView view = bytes;
  EXPECT_EQ(take_varint(view, VarintRule::protobuf).value(), ~std::uint64_t{0});
  bytes = hex("ffffffffffffffffff02");
  view = bytes;
  EXPECT_FALSE(take_varint(view, VarintRule::protobuf));
}

TEST(Multibase, vectors_in_every_base) {
  const Bytes bytes = hex("796573206d616e692021");  // "yes mani !"
  const std::pair<Base, std::string> vectors[] = {
      {Base::base16, "796573206d616e692021"}, {Base::base16_upper, "796573206D616E692021"},
      {Base::base32, "pfsxgidnmfxgsibb"},     {Base::base32_upper, "PFSXGIDNMFXGSIBB"},
      {Base::base36, "2lcpzo5yikidynfl"},     {Base::base36_upper, "2LCPZO5YIKIDYNFL"},
      {Base::base58btc, "7paNL19xttacUY"},    {Base::base64, "eWVzIG1hbmkgIQ"},
      {Base::base64url, "eWVzIG1hbmkgIQ"},
  };
  for (const auto& [base, text] : vectors) {
    EXPECT_EQ(encode(base, bytes), text) << name_of(base);
    EXPECT_EQ(decode(base, text).value(), bytes) << name_of(base);
    EXPECT_EQ(base_of_prefix(static_cast<char>(base)), base);
  }
}

TEST(Multibase, every_length_goes_there_and_back) {
  for (char prefix : std::string_view("fFbBkKzmu")) {
    const Base base = base_of_prefix(prefix).value();
    for (std::size_t size = 0; size < 40; ++size) {
      Bytes bytes(size);
      for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i < 2 ? 0 : i * 37 + 201);
      EXPECT_EQ(decode(base, encode(base, bytes)).value(), bytes) << prefix << size;
    }
  }
}

TEST(Multibase, refuses_left_over_bits_and_odd_lengths) {
  EXPECT_FALSE(decode(Base::base32, "ab"));  // 'b' leaves a bit that is not zero
  EXPECT_TRUE(decode(Base::base32, "ae"));
  EXPECT_FALSE(decode(Base::base32, "a"));
  EXPECT_FALSE(decode(Base::base32, "aaa"));
  EXPECT_FALSE(decode(Base::base32, "aaaaaa"));
  EXPECT_FALSE(decode(Base::base64, "A"));
  EXPECT_FALSE(decode(Base::base64, "AB"));
  EXPECT_FALSE(decode(Base::base64, "AA=="));
  EXPECT_FALSE(decode(Base::base16, "abc"));
}

TEST(Cid, one_content_in_all_text_forms) {
  const Cid cid = Cid::parse(k_hello).value();
  EXPECT_EQ(cid.version(), 1);
  EXPECT_EQ(cid.codec(), Codec::raw);
  EXPECT_EQ(cid.str(), k_hello);
  EXPECT_EQ(cid.str(Base::base36), "k2cwuecvan95uqzq14dj3a18wx6av6tgr73nxvopxn3j5kvyr0apys7b");
  EXPECT_EQ(cid.str(Base::base58btc), "zb2rhi36Gc9GJWijLEL6zW45MBux5FcFv5gJmjXA7VAMozEXY");
  EXPECT_EQ(to_hex(cid.bytes()), "01551220a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447");
  for (char prefix : std::string_view("fFbBkKzmu")) {
    const std::string text = cid.str(base_of_prefix(prefix).value());
    EXPECT_EQ(Cid::parse(text).value(), cid) << text;
  }
  EXPECT_EQ(Cid::raw_of(view_of("hello world\n")), cid);
  EXPECT_TRUE(verify(cid.hash(), view_of("hello world\n")));
}

TEST(Cid, version_0_and_its_version_1) {
  const Cid cid = Cid::parse("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o").value();
  EXPECT_EQ(cid.version(), 0);
  EXPECT_EQ(cid.codec(), Codec::dag_pb);
  EXPECT_EQ(cid.str(), "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o");
  EXPECT_EQ(cid.as_v1().str(), "bafybeicg2rebjoofv4kbyovkw7af3rpiitvnl6i7ckcywaq6xjcxnc2mby");
  EXPECT_EQ(cid.str(Base::base32), cid.as_v1().str());
  EXPECT_NE(cid, cid.as_v1());
  EXPECT_EQ(cid.hash(), cid.as_v1().hash());
  EXPECT_TRUE(verify(cid.hash(), hex("0a120802120c68656c6c6f20776f726c640a180c")));
}

TEST(Cid, blocks_of_the_specification_fit) {
  const std::pair<std::string, std::string> blocks[] = {
      {"QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH", "0a0408021800"},
      {"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", ""},
      {"bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y", "0a0408021800"},
      {"QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn", "0a020801"},
      {"bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354", "0a020801"},
      {"bafyaabakaieac", "0a020801"},
      {"QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5", "0a0708041203666f6f"},
      {"bafkqaaa", ""},
      {"bafkqaddimvwgy3zao5xxe3debi", "68656c6c6f20776f726c640a"},
      {"bafk2bzaceddrwbp5duohx57jfd7rrzmnwumt5eywifwme25jzsijjwua24ar4", "68656c6c6f20776f726c640a"},
      {"bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e", "68656c6c6f20776f726c64"},
      {"bafybeiebfcvnu4542ztbnnbmo4sklt4u4l7qojvdekoseakophyy7ps3ja",
       "122f0a24015512205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be031205612e7478741806122"
       "f0a24"
       "01551220e258d248fda94c63753607f7c4494ee0fcbe92f1a76bfdac795c9d84101eb3171205622e74787418060a020801"},
  };
  for (const auto& [text, block] : blocks) {
    const auto parsed = Cid::parse(text);
    ASSERT_TRUE(parsed) << parsed.error().message;
    const Cid& cid = *parsed;
    EXPECT_EQ(cid.str(), text);
    EXPECT_TRUE(verify(cid.hash(), hex(block))) << text;
    Bytes changed = hex(block);
    changed.push_back(0);
    ASSERT_FALSE(verify(cid.hash(), changed)) << text;
    EXPECT_EQ(verify(cid.hash(), changed).error().code, Code::corrupt);
  }
}

TEST(Cid, ipns_name_with_identity_hash) {
  const Cid cid = Cid::parse("k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4").value();
  EXPECT_EQ(cid.codec(), Codec::libp2p_key);
  EXPECT_EQ(cid.hash().code, HashCode::identity);
  EXPECT_EQ(cid.hash().digest.size(), 36U);
  EXPECT_EQ(cid.str(Base::base36), "k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4");
}

TEST(Cid, says_which_character_is_wrong) {
  std::string text(k_hello);
  text[6] = '0';
  EXPECT_EQ(error_of(text), "not a CID: " + text + ": '0' at position 7 is not a base32 character");
  text[6] = 'A';
  EXPECT_NE(error_of(text).find("'A' at position 7"), std::string::npos);
  EXPECT_NE(error_of("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff50").find("'0' at position 46"), std::string::npos);
  EXPECT_NE(error_of("qwen3-1.7b").find("begins with 'q'"), std::string::npos);
  EXPECT_NE(error_of("bafk\x01").find("'?' at position 5"), std::string::npos);
}

TEST(Cid, refuses_what_is_not_one) {
  EXPECT_NE(error_of("").find("empty"), std::string::npos);
  EXPECT_NE(error_of("b").find("cut off"), std::string::npos);
  EXPECT_NE(error_of("Qmabc").find("46"), std::string::npos);
  EXPECT_NE(error_of(std::string(k_hello) + "a").find("too many"), std::string::npos);
  EXPECT_NE(error_of(std::string(k_hello) + "aa").find("bytes follow its hash"), std::string::npos);
  EXPECT_NE(error_of(k_hello.substr(0, 40)).find("belong to no byte"), std::string::npos);
  EXPECT_NE(error_of("f01551220a948").find("cut off after 2 of 32 bytes"), std::string::npos);
  EXPECT_NE(error_of(std::string(10000, 'z')).find("long"), std::string::npos);
  EXPECT_NE(error_of("zQmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o").find("without the prefix"), std::string::npos);
  EXPECT_NE(error_of("f02551220").find("version is 2"), std::string::npos);
  EXPECT_NE(error_of("f015512"
                     "10" +
                     std::string(32, '0'))
                .find("instead of 32"),
            std::string::npos);
  EXPECT_NE(error_of("f01550081"
                     "01" +
                     std::string(258, '0'))
                .find("129 bytes"),
            std::string::npos);
  EXPECT_NE(error_of("f0155"
                     "8000"
                     "00")
                .find("shortest"),
            std::string::npos);
  EXPECT_NE(error_of(std::string("bafk\0", 5)).find("position 5"), std::string::npos);
}

TEST(Cid, binary_form_at_the_front_of_more) {
  Bytes bytes = Cid::parse(k_hello).value().bytes();
  bytes.push_back(7);
  EXPECT_FALSE(Cid::from_bytes(bytes));
  std::size_t used = 0;
  EXPECT_EQ(Cid::from_bytes(bytes, &used).value().str(), k_hello);
  EXPECT_EQ(used, 36U);
  Bytes v0 = Cid::parse("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o").value().bytes();
  v0.resize(60);
  EXPECT_EQ(Cid::from_bytes(v0, &used).value().version(), 0);
  EXPECT_EQ(used, 34U);
}

TEST(Cid, is_a_key) {
  std::unordered_set<Cid> cids{Cid::raw_of(view_of("a")), Cid::raw_of(view_of("b")), Cid::raw_of(view_of("a"))};
  EXPECT_EQ(cids.size(), 2U);
  EXPECT_TRUE(cids.contains(Cid::raw_of(view_of("b"))));
}

TEST(Hash, sha256_in_pieces) {
  Sha256Hasher hasher;
  EXPECT_EQ(to_hex(hasher.value_so_far()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  hasher.update(view_of("hello "));
  EXPECT_EQ(hasher.value_so_far(), sha256(view_of("hello ")));
  hasher.update(view_of("world\n"));
  EXPECT_EQ(to_hex(hasher.finish()), "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447");
}

TEST(Hash, other_functions) {
  const Bytes sha512 =
      hex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd45"
          "4d4423643ce80e"
          "2a9ac94fa54ca49f");
  EXPECT_TRUE(verify({HashCode::sha2_512, sha512}, view_of("abc")));
  EXPECT_FALSE(verify({HashCode::sha2_512, sha512}, view_of("abd")));
  EXPECT_TRUE(verify({HashCode::identity, Bytes(128, 1)}, Bytes(128, 1)));
  EXPECT_EQ(verify({HashCode::identity, Bytes(129, 1)}, Bytes(129, 1)).error().code, Code::invalid);
  EXPECT_EQ(verify({HashCode::blake3, Bytes(32)}, {}).error().code, Code::unsupported);
  const auto unknown = verify({static_cast<HashCode>(0x1012), Bytes(32)}, {});
  EXPECT_EQ(unknown.error().code, Code::unsupported);
  EXPECT_NE(unknown.error().message.find("0x1012"), std::string::npos);
}

}  // namespace
}  // namespace eai::ipld
