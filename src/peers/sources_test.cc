#include "peers/sources.h"

#include <gtest/gtest.h>

namespace eai::peers {
namespace {

const ipld::Cid k_id = ipld::Cid::raw_of(view_of("x"));

TEST(MakeSources, FoldersFirstAndEachOnce) {
  Sources given{{"/blocks", "/blocks"}, {"https://one.example/", "file:///usb/a%20b", "https://one.example/ipfs/"}};
  auto sources = make_sources(given, {});
  ASSERT_TRUE(sources) << sources.error().message;
  ASSERT_EQ(sources->size(), 3u);
  EXPECT_EQ((*sources)[0].folder, "/blocks");
  EXPECT_EQ((*sources)[1].folder, "/usb/a b");
  EXPECT_EQ((*sources)[2].base, "https://one.example");
  EXPECT_EQ((*sources)[2].name, "one.example");
}

TEST(MakeSources, OfflineHasNoGateways) {
  Options offline;
  offline.offline = true;
  auto sources = make_sources({{"/blocks"}, {"https://one.example", "file:///usb"}}, offline);
  ASSERT_TRUE(sources);
  ASSERT_EQ(sources->size(), 2u);
  for (const Source& source : *sources) EXPECT_EQ(source.kind, Source::Kind::folder);
}

TEST(MakeSources, RefusesWhatCannotBeAsked) {
  for (const char* bad : {"one.example", "ftp://one.example", "https://", "https://one.example/?a=b", "https://a b/",
                          "file://host/folder", ""}) {
    auto sources = make_sources({{}, {bad}}, {});
    ASSERT_FALSE(sources) << bad;
    EXPECT_EQ(sources.error().code, Code::invalid) << bad;
  }
}

TEST(MakeSources, ASecretIsRefusedAndNotRepeated) {
  auto sources = make_sources({{}, {"https://me:hunter2@one.example"}}, {});
  ASSERT_FALSE(sources);
  EXPECT_EQ(sources.error().message.find("hunter2"), std::string::npos);
}

TEST(RequestFor, BothForms) {
  Source source{Source::Kind::gateway, "one", "https://one.example/base", {}};
  EXPECT_EQ(request_for(source, k_id, Form::file, {}).url, "https://one.example/base/ipfs/" + k_id.str());
  http::Request raw = request_for(source, k_id, Form::raw_block, {});
  EXPECT_EQ(raw.url, "https://one.example/base/ipfs/" + k_id.str() + "?format=raw");
  ASSERT_EQ(raw.headers.size(), 1u);
  EXPECT_EQ(raw.headers[0].second, "application/vnd.ipld.raw");
  EXPECT_EQ(raw.plain_http, http::PlainHttp::private_addresses);
}

}  // namespace
}  // namespace eai::peers
