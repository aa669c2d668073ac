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

TEST(MakeSources, OtherSourcesAreFilesFoldersAndUrls) {
  TemporaryFolder folder;
  const fs::path file = folder.path() / "model.gguf";
  ASSERT_TRUE(write_file_atomic(file, view_of("x")));
  Sources given;
  given.gateways = {"https://one.example"};
  given.others = {"https://two.example/a/b.gguf?signed=1", file.string(), folder.path().string(), "hf"};
  const auto sources = make_sources(given, {});
  ASSERT_TRUE(sources) << sources.error().message;
  ASSERT_EQ(sources->size(), 4U);
  EXPECT_EQ((*sources)[0].kind, Source::Kind::file);
  EXPECT_EQ((*sources)[1].kind, Source::Kind::folder);
  EXPECT_EQ((*sources)[2].kind, Source::Kind::gateway);
  EXPECT_EQ((*sources)[3].kind, Source::Kind::url);
  EXPECT_EQ((*sources)[3].name, "two.example") << "what is signed is not shown";
  Options offline;
  offline.offline = true;
  EXPECT_EQ(make_sources(given, offline)->size(), 2U);
  for (const char* bad :
       {"https://me:hunter2@one.example/x", "https://one.example/x#y", "ftp://one.example/x", "/none"}) {
    given.others = {bad};
    const auto refused = make_sources(given, {});
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(RequestFor, AUrlIsAskedForWhatItNames) {
  const Source source{Source::Kind::url, "one", "https://one.example/model.gguf?a=b", {}};
  const http::Request request = request_for(source, k_id, Form::raw_block, {});
  EXPECT_EQ(request.url, "https://one.example/model.gguf?a=b");
  EXPECT_TRUE(request.headers.empty());
  ASSERT_TRUE(request.peer_allowed) << "nobody may send it to a machine nearby";
  EXPECT_FALSE(request.peer_allowed("192.168.1.1"));
  EXPECT_TRUE(request.peer_allowed("93.184.216.34"));
  const Source near{Source::Kind::url, "two", "http://192.168.1.7:8080/model.gguf", {}};
  EXPECT_FALSE(request_for(near, k_id, Form::file, {}).peer_allowed);
}

TEST(HubSource, TheTokenGoesToTheHubAndTheEnvironmentNamesAnother) {
  ::setenv("HF_TOKEN", "hf_x", 1);
  Source source = hub_source("someone/model-GGUF", "model-Q8.gguf");
  EXPECT_EQ(source.base, "https://huggingface.co/someone/model-GGUF/resolve/main/model-Q8.gguf");
  EXPECT_EQ(source.name, "huggingface.co");
  const http::Request request = request_for(source, k_id, Form::file, {});
  ASSERT_EQ(request.headers.size(), 1U);
  EXPECT_EQ(request.headers[0], std::pair(std::string("Authorization"), std::string("Bearer hf_x")));
  ::setenv("HF_ENDPOINT", "http://127.0.0.1:1/hub/", 1);
  EXPECT_EQ(hub_source("a/b", "c").base, "http://127.0.0.1:1/hub/a/b/resolve/main/c");
  EXPECT_EQ(hub_source("@evil/b?x#y", "a b\r\nc").base,
            "http://127.0.0.1:1/hub/%40evil/b%3Fx%23y/resolve/main/a%20b%0D%0Ac");
  ::unsetenv("HF_ENDPOINT");
  ::unsetenv("HF_TOKEN");
}

}  // namespace
}  // namespace eai::peers
