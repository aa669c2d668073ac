#include "ipld/dag_cbor.h"

#include <iterator>
#include <sstream>

#include <gtest/gtest.h>

#include "ipld/car.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

Result<void> check(std::string_view text) {
  const Bytes block = hex(text);
  return DagCborReader(block).finish();
}
std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}
std::string fault_of(std::string_view text) {
  const auto result = check(text);
  return result ? "" : result.error().message;
}

TEST(DagCbor, TakesEveryKindOfValue) {
  for (const std::string& good :
       words("00 17 1818 1903e8 1a000f4240 1b000000e8d4a51000 1bffffffffffffffff 20 3863 3903e7 40 4401020304 60 "
             "6449455446 62225c 80 83010203 a0 a26161016162820203 f4 f5 f6 fb3ff199999999999a fb0000000000000000")) {
    EXPECT_EQ(fault_of(good), "") << good;
  }
}

TEST(DagCbor, RefusesWhatHasTwoFormsOrNoPlaceInIt) {
  for (const std::string_view bad : {"",                    // nothing
                                     "1817",                // 23 in two bytes
                                     "190018",              // 24 in three
                                     "1a00000100",          // 256 in five
                                     "1b00000000ffffffff",  // in nine what fits into five
                                     "5801ff",              // a short length in two bytes
                                     "1c",
                                     "1f",
                                     "3f",  // numbers that are not defined
                                     "5f4101ff",
                                     "7f6161ff",  // open lengths
                                     "9f01ff",
                                     "bf616101ff",  //
                                     "f0",
                                     "f7",
                                     "f820",  // simple values
                                     "f93c00",
                                     "fa3f800000",          // shorter floats
                                     "fb7ff8000000000000",  // not a number
                                     "fb7ff0000000000000",
                                     "fbfff0000000000000",  // infinities
                                     "ff",                  // an end without a beginning
                                     "c100",
                                     "c249010000000000000000",  // other tags
                                     "a10102",                  // a key that is a number
                                     "a1410102",                // a key that is bytes
                                     "a2616101616102",          // a key twice
                                     "a2616201616102",          // keys out of order
                                     "a262616101616202",        // the longer key first
                                     "0000",                    // more than one value
                                     "44010203",
                                     "6161ff61",
                                     "a1",
                                     "1b00",
                                     "81",
                                     "9bffffffffffffffff",
                                     "bb8000000000000000",
                                     "d82a"}) {
    const auto result = check(bad);
    ASSERT_FALSE(result.has_value()) << bad;
    EXPECT_EQ(result.error().code, Code::invalid) << bad;
    EXPECT_TRUE(result.error().message.starts_with("not DAG-CBOR: ")) << bad;
  }
}

TEST(DagCbor, ALinkIsTag42AroundACidBehindAZero) {
  const Cid cid = Cid::raw_of(view_of("x"));
  Bytes block;
  append_cbor_link(block, cid);
  EXPECT_EQ(to_hex(block).substr(0, 16), "d82a582500015512");
  EXPECT_EQ(dag_cbor_links(block).value(), std::vector{cid});
  Bytes without_zero = block;
  without_zero.erase(without_zero.begin() + 4);
  without_zero[3] = 0x24;
  EXPECT_FALSE(dag_cbor_links(without_zero).has_value());
  Bytes cut = block;
  cut.pop_back();
  cut[3] = 0x24;
  EXPECT_FALSE(dag_cbor_links(cut).has_value());
  EXPECT_EQ(fault_of("d82a40"), "not DAG-CBOR: a link does not begin with a zero byte");
  EXPECT_EQ(fault_of("d82a6100"), "not DAG-CBOR: a link is not made of bytes");
  EXPECT_NE(fault_of("d82a4100"), "");
  EXPECT_EQ(fault_of("d82a5801ff"), "not DAG-CBOR: a number is not in its shortest form");
  EXPECT_EQ(fault_of("d9002a4100"), "not DAG-CBOR: a number is not in its shortest form");  // the tag's
}

TEST(DagCbor, NestsAtMost32Deep) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "81";
    return text + "00";
  };
  EXPECT_EQ(fault_of(nested(32)), "");
  EXPECT_EQ(fault_of(nested(33)), "not DAG-CBOR: it is nested deeper than 32 levels");
}

TEST(DagCbor, WritesTheShortestForm) {
  for (const auto& [number, text] :
       std::vector<std::pair<std::uint64_t, std::string>>{{0, "00"},
                                                          {23, "17"},
                                                          {24, "1818"},
                                                          {255, "18ff"},
                                                          {256, "190100"},
                                                          {65535, "19ffff"},
                                                          {65536, "1a00010000"},
                                                          {0xffffffff, "1affffffff"},
                                                          {0x100000000, "1b0000000100000000"},
                                                          {UINT64_MAX, "1bffffffffffffffff"}}) {
    Bytes out;
    append_cbor_head(out, CborKind::positive, number);
    EXPECT_EQ(to_hex(out), text);
    DagCborReader reader(out);
    EXPECT_EQ(reader.next(CborKind::positive).value().number, number);
    EXPECT_TRUE(reader.finish().has_value());
  }
}

// {"a": [link, {"b": "text", "cc": link}], "links": {"é/": link}}
struct Document {
  Cid first = Cid::raw_of(view_of("1")), second = Cid::raw_of(view_of("2")), third = Cid::raw_of(view_of("3"));
  Bytes block;
  Document() {
    append_cbor_head(block, CborKind::map, 2);
    append_cbor_text(block, "a");
    append_cbor_head(block, CborKind::list, 2);
    append_cbor_link(block, first);
    append_cbor_head(block, CborKind::map, 2);
    append_cbor_text(block, "b");
    append_cbor_text(block, "text");
    append_cbor_text(block, "cc");
    append_cbor_link(block, second);
    append_cbor_text(block, "links");
    append_cbor_head(block, CborKind::map, 1);
    append_cbor_text(block, "é/");
    append_cbor_link(block, third);
  }
  Result<CborPlace> follow(const std::vector<std::string>& path) const { return follow_dag_cbor(block, path); }
};

TEST(DagCbor, ListsLinksInOrder) {
  const Document document;
  EXPECT_EQ(dag_cbor_links(document.block).value(), (std::vector{document.first, document.second, document.third}));
  Bytes longer = document.block;
  longer.push_back(0);
  EXPECT_FALSE(dag_cbor_links(longer).has_value());
}

TEST(DagCbor, FollowsAPathToALink) {
  const Document document;
  auto place = document.follow({"a", "0"}).value();
  EXPECT_EQ(place.used, 2U);
  EXPECT_EQ(place.link, document.first);
  place = document.follow({"a", "0", "beyond", "it"}).value();
  EXPECT_EQ(place.used, 2U);
  EXPECT_EQ(place.link, document.first);
  EXPECT_EQ(document.follow({"a", "1", "cc"}).value().link, document.second);
  EXPECT_EQ(document.follow({"links", "é/"}).value().link, document.third);
}

TEST(DagCbor, APathMayEndInsideTheBlock) {
  const Document document;
  const auto whole = document.follow({}).value();
  EXPECT_EQ(whole.used, 0U);
  EXPECT_EQ(to_hex(whole.value), to_hex(document.block));
  const auto part = document.follow({"a", "1"}).value();
  EXPECT_FALSE(part.link.has_value());
  EXPECT_EQ(dag_cbor_links(part.value).value(), std::vector{document.second});
  EXPECT_EQ(text_of(document.follow({"a", "1", "b"}).value().value), "dtext");  // 64: text of four bytes
}

TEST(DagCbor, SaysWhatDoesNotExist) {
  const Document document;
  for (const std::vector<std::string>& path : {std::vector<std::string>{"b"},
                                               {"a", "2"},
                                               {"a", "00"},
                                               {"a", "-1"},
                                               {"a", "x"},
                                               {"a", ""},
                                               {"a", "1", "b", "c"},
                                               {"a", "99999999999999999999"},
                                               {""}}) {
    const auto place = document.follow(path);
    ASSERT_FALSE(place.has_value());
    EXPECT_EQ(place.error().code, Code::not_found);
    EXPECT_EQ(place.error().message, "\"" + path.back() + "\" does not exist there");
  }
  // A block that is wrong behind the place is wrong.
  Bytes bad = document.block;
  bad.push_back(0xff);
  const std::vector<std::string> path{"a", "0"}, none{"b"};
  EXPECT_EQ(follow_dag_cbor(bad, path).error().code, Code::invalid);
  EXPECT_EQ(follow_dag_cbor(bad, none).error().code, Code::invalid);
}

TEST(DagCbor, ACarHeaderIsRead) {
  std::vector<Cid> roots;
  for (int i = 0; i < 300; ++i) roots.push_back(Cid::raw_of(view_of(std::to_string(i))));
  Bytes header = car_header(roots);
  ASSERT_EQ(header[0] & 0x80, 0x80);
  EXPECT_EQ(parse_car_header(ByteView(header).subspan(2)).value(), roots);
  const auto code_of = [](std::string_view text) { return parse_car_header(hex(text)).error().code; };
  EXPECT_EQ(code_of("a16776657273696f6e02"), Code::unsupported);
  EXPECT_EQ(code_of("a16776657273696f6e03"), Code::invalid);
  EXPECT_EQ(code_of("a16776657273696f6e0100"), Code::invalid);
  EXPECT_EQ(code_of("a16776657273696f6ef5"), Code::invalid);
  EXPECT_EQ(code_of("a265726f6f7473806776657273696f6e1801"), Code::invalid);
  EXPECT_EQ(parse_car_header(hex("a265726f6f7473806776657273696f6e01")).value(), std::vector<Cid>{});
}

}  // namespace
}  // namespace eai::ipld
