#include "share/ask.h"

#include <gtest/gtest.h>

namespace eai::share {
namespace {

const std::string k_cid = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";

tl::expected<Ask, Refusal> read(const std::string& target, const std::string& accept = "") {
  http::Incoming in;
  in.method = "GET";
  in.target = target;
  if (!accept.empty()) in.headers.emplace_back("accept", accept);
  return read_ask(in);
}

int status_of(const std::string& target, const std::string& accept = "") {
  const auto ask = read(target, accept);
  return ask ? 200 : ask.error().status;
}

Form form_of(const std::string& query, const std::string& accept = "") {
  const auto ask = read("/ipfs/" + k_cid + query, accept);
  EXPECT_TRUE(ask) << query << " " << accept;
  return ask ? ask->form : Form::record;
}

TEST(Ask, TheQueryBeatsAccept) {
  EXPECT_EQ(form_of("?format=raw"), Form::raw);
  EXPECT_EQ(form_of("?format=car", "application/vnd.ipld.raw"), Form::car);
  EXPECT_EQ(form_of("?format=raw", "application/vnd.ipld.car"), Form::raw);
  EXPECT_EQ(form_of("", "application/vnd.ipld.raw"), Form::raw);
  EXPECT_EQ(form_of("?x=1&format=raw&format=car"), Form::raw);
}

TEST(Ask, TheBestOfAnAcceptHeaderCounts) {
  EXPECT_EQ(form_of("", "text/html, application/vnd.ipld.car;q=0.5, application/vnd.ipld.raw;q=0.9"), Form::raw);
  EXPECT_EQ(form_of("", "application/vnd.ipld.car; order=foo, application/vnd.ipld.raw;q=0.1"), Form::raw);
  EXPECT_EQ(form_of("", "APPLICATION/VND.IPLD.CAR ; version=\"1\" ; order=DFS"), Form::car);
  EXPECT_EQ(form_of("", "*/*"), Form::file);
  EXPECT_EQ(form_of(""), Form::file);
  EXPECT_EQ(status_of("/ipfs/" + k_cid, "text/html"), 406);
  EXPECT_EQ(status_of("/ipfs/" + k_cid, "application/vnd.ipld.raw;q=0"), 406);
  EXPECT_EQ(status_of("/ipfs/" + k_cid, "application/vnd.ipld.car; version=2"), 406);
  for (const char* other : {"tar", "json", "dag-json", "html", "RAW", "raw%00"})
    EXPECT_EQ(status_of("/ipfs/" + k_cid + "?format=" + other), 406) << other;
}

TEST(Ask, ACarSaysHowMuchAndInWhichOrder) {
  const auto ask = [](const std::string& query, const std::string& accept = "") {
    return read("/ipfs/" + k_cid + "/a/b?format=car" + query, accept);
  };
  EXPECT_EQ(ask("")->duplicates, ipld::Duplicates::no);
  EXPECT_EQ(ask("")->scope, ipld::DagScope::all);
  EXPECT_EQ(ask("", "application/vnd.ipld.car; dups=y")->duplicates, ipld::Duplicates::yes);
  EXPECT_EQ(ask("&car-dups=n", "application/vnd.ipld.car; dups=y")->duplicates, ipld::Duplicates::no);
  EXPECT_EQ(ask("&dag-scope=block")->scope, ipld::DagScope::block);
  EXPECT_EQ(ask("&dag-scope=entity")->scope, ipld::DagScope::entity);
  EXPECT_EQ(ask("&entity-bytes=-5:*")->bytes->from, -5);
  EXPECT_EQ(ask("")->path, (std::vector<std::string>{"a", "b"}));
  for (const char* wrong :
       {"&dag-scope=everything", "&entity-bytes=x", "&entity-bytes=1", "&car-order=bfs", "&car-dups=2",
        "&car-version=2", "&entity-bytes=1:2:3", "&entity-bytes=99999999999999999999:*"}) {
    const auto refused = ask(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().status, 400) << wrong;
  }
  // Where there is no CAR, nothing of this is looked at.
  EXPECT_EQ(status_of("/ipfs/" + k_cid + "?format=raw&dag-scope=everything"), 200);
}

TEST(Ask, APathIsBoundedAndLeadsNowhereElse) {
  EXPECT_EQ(status_of("/ipfs/"), 400);
  EXPECT_EQ(status_of("/ipfs/nothing"), 400);
  EXPECT_EQ(status_of("/ipfs/" + k_cid + "/..?format=car"), 400);
  EXPECT_EQ(status_of("/ipfs/" + k_cid + "/a/%2E%2e/b?format=car"), 400);
  EXPECT_EQ(status_of("/ipfs/" + k_cid + "/a%2fb?format=car"), 400);
  EXPECT_EQ(status_of("/ipfs/" + k_cid + "/a%00b?format=car"), 400);
  std::string many = "/ipfs/" + k_cid;
  for (int i = 0; i < 32; ++i) many += "/a";
  EXPECT_EQ(status_of(many + "?format=car"), 200);
  EXPECT_EQ(status_of(many + "/a?format=car"), 414);
  for (int i = 0; i < 10'000; ++i) many += "/a";
  EXPECT_EQ(status_of(many + "?format=car"), 414);
  EXPECT_EQ(status_of("/ipfs/" + k_cid + "/" + std::string(4097, 'a') + "?format=car"), 414);
  EXPECT_EQ(read("/ipfs/" + k_cid + "/%C3%BC%20x?format=car")->path, (std::vector<std::string>{"ü x"}));
}

TEST(Ask, ARecordBelongsToAName) {
  const std::string name = "k51qzi5uqu5dit2ku9mutlfgwyz8u730on38kd10m97m36bjt66my99hb6103f";
  const auto ask = read("/ipns/" + name + "?format=ipns-record");
  ASSERT_TRUE(ask);
  EXPECT_EQ(ask->name->str(), name);
  EXPECT_EQ(status_of("/ipns/" + name, "application/vnd.ipfs.ipns-record"), 200);
  EXPECT_EQ(status_of("/ipns/" + name), 406);
  EXPECT_EQ(status_of("/ipns/" + name + "/a?format=ipns-record"), 406);
  EXPECT_EQ(status_of("/ipfs/" + k_cid + "?format=ipns-record"), 406);
  EXPECT_EQ(status_of("/ipns/example.org?format=ipns-record"), 400);
}

TEST(Ask, OfRangesOneIsUnderstoodAndOthersMeanTheWhole) {
  using Kind = WantedRange::Kind;
  const auto range = [](std::string_view header, std::uint64_t size = 100) { return read_range(header, size); };
  EXPECT_EQ(range("bytes=0-9").range, (ByteRange{0, 10}));
  EXPECT_EQ(range("bytes=90-").range, (ByteRange{90, 100}));
  EXPECT_EQ(range("bytes=90-1000").range, (ByteRange{90, 100}));
  EXPECT_EQ(range("bytes=-10").range, (ByteRange{90, 100}));
  EXPECT_EQ(range("bytes=-1000").range, (ByteRange{0, 100}));
  EXPECT_EQ(range("Bytes= 5 - 6 ").range, (ByteRange{5, 7}));
  for (const char* none : {"bytes=100-", "bytes=-0", "bytes=100-200"})
    EXPECT_EQ(range(none).kind, Kind::none_such) << none;
  EXPECT_EQ(range("bytes=0-", 0).kind, Kind::none_such);
  for (const char* whole : {"", "bytes=", "bytes=-", "bytes=0-1,5-6", "items=0-1", "bytes=5-2", "bytes=a-b", "bytes=1",
                            "bytes=99999999999999999999-"})
    EXPECT_EQ(range(whole).kind, Kind::whole) << whole;
}

TEST(Ask, TagsAreComparedWeakly) {
  EXPECT_TRUE(names_tag("\"a\"", "\"a\""));
  EXPECT_TRUE(names_tag("W/\"b\", W/\"a\"", "\"a\""));
  EXPECT_TRUE(names_tag("*", "\"a\""));
  EXPECT_FALSE(names_tag("\"b\"", "\"a\""));
  EXPECT_FALSE(names_tag("a", "\"a\""));
}

}  // namespace
}  // namespace eai::share
