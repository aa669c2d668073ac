#include <chrono>

#include <gtest/gtest.h>

#include "fakes/lying_gateway.h"
#include "peers/block_source.h"
#include "util/file.h"

namespace eai::peers {
namespace {

using fakes::LyingGateway;

class GatewaySourceTest : public ::testing::Test {
 protected:
  GatewaySourceTest() {
    EXPECT_TRUE(write_file_atomic(folder_.path() / id_.str(), content_));
    options_.retry_delay = std::chrono::milliseconds(5);
    options_.stall_timeout = std::chrono::milliseconds(500);
    options_.max_retries = 2;
  }
  std::unique_ptr<BlockSource> source(const LyingGateway& gateway) {
    return make_gateway_source("home", gateway.url(), options_, {}).value();
  }
  std::vector<std::string> lies(const std::string& mode, std::vector<std::string> more = {}) {
    std::vector<std::string> out = {"--blocks", folder_.path().string(), "--mode", mode};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }

  TemporaryFolder folder_;
  Bytes content_ = Bytes(100'000, 'x');
  ipld::Cid id_ = ipld::Cid::raw_of(content_);
  Options options_;
};

TEST_F(GatewaySourceTest, GivesBlocks) {
  LyingGateway gateway(lies("honest", {"--raw-only"}));
  EXPECT_EQ(source(gateway)->block(id_), content_);
}

TEST_F(GatewaySourceTest, TroubleThatPassesWillDo) {
  LyingGateway gateway(lies("cut", {"--times", "2"}));
  EXPECT_EQ(source(gateway)->block(id_), content_);
}

TEST_F(GatewaySourceTest, WhatItLacksIsNotFound) {
  LyingGateway gateway(lies("gone"));
  auto block = source(gateway)->block(id_);
  EXPECT_EQ(block.error().code, Code::not_found);
  EXPECT_EQ(block.error().message, "home: " + id_.str() + ": HTTP 404");
}

TEST_F(GatewaySourceTest, TroubleThatStaysIsTold) {
  LyingGateway gateway(lies("broken"));
  auto block = source(gateway)->block(id_);
  EXPECT_EQ(block.error().code, Code::network);
  EXPECT_EQ(block.error().message, "home: " + id_.str() + ": HTTP 500, after 3 tries");
}

TEST_F(GatewaySourceTest, AWholeFileBeginsAnewAfterATryThatBrokeOff) {
  LyingGateway gateway(lies("cut", {"--times", "1"}));
  Bytes got;
  int begun_anew = 0;
  auto take = [&](ByteView bytes) -> Result<void> {
    got.insert(got.end(), bytes.begin(), bytes.end());
    return {};
  };
  ASSERT_TRUE(source(gateway)->whole(id_, take, [&] {
    got.clear();
    ++begun_anew;
  }));
  EXPECT_EQ(got, content_);
  EXPECT_EQ(begun_anew, 1);
}

TEST_F(GatewaySourceTest, AnObjectionToAWholeFileIsFinal) {
  LyingGateway gateway(lies("honest"));
  auto refuse = [](ByteView) -> Result<void> { return fail(Code::corrupt, "longer than it should be"); };
  EXPECT_EQ(source(gateway)->whole(id_, refuse, [] {}).error().code, Code::corrupt);
}

NetworkSenses nowhere() {
  return {[] { return true; }, [](const http::Unreached&) { return Reach::away; }};
}

TEST_F(GatewaySourceTest, ThatThereIsNoNetworkIsSaidOnceForAll) {
  options_.network = std::make_shared<NetworkWatch>(nowhere(), std::chrono::milliseconds(300));
  options_.max_retries = 1000;
  auto source = make_gateway_source("home", "http://224.0.0.1:9", options_, {}).value();
  for (int i = 0; i < 2; ++i) {
    auto block = source->block(id_);
    EXPECT_EQ(block.error().code, Code::network);
    EXPECT_TRUE(block.error().message.starts_with("home: " + id_.str() + ": no network: ")) << block.error().message;
  }
}

TEST(ServiceCall, SaysThatThereIsNoNetwork) {
  ServiceCall call;
  call.what = "service";
  call.url = "http://224.0.0.1:9/";
  Tries tries;
  tries.first_wait = std::chrono::milliseconds(20);
  tries.max_retries = 1000;
  tries.network = std::make_shared<NetworkWatch>(nowhere(), std::chrono::milliseconds(300));
  std::string said;
  tries.on_trouble = [&](const std::string& text) { said = text; };
  auto answer = call_service(call, tries, {});
  EXPECT_EQ(answer.error().code, Code::network);
  EXPECT_TRUE(answer.error().message.starts_with("service: no network: ")) << answer.error().message;
  EXPECT_TRUE(said.starts_with("service: no network (")) << said;
  EXPECT_NE(said.find("tries again for "), std::string::npos) << said;
}

TEST(ServiceCall, WaitsAsLongAsTheServiceAsks) {
  TemporaryFolder folder;
  const ipld::Cid id = ipld::Cid::raw_of(view_of("x"));
  ASSERT_TRUE(write_file_atomic(folder.path() / id.str(), view_of("x")));
  LyingGateway service({"--blocks", folder.path().string(), "--mode", "too_many", "--times", "1"});
  ServiceCall call;
  call.what = "service";
  call.method = "GET";
  call.url = service.url() + "/ipfs/" + id.str();
  Tries tries;
  tries.first_wait = std::chrono::milliseconds(1);
  std::string said;
  tries.on_trouble = [&](const std::string& text) { said = text; };
  const auto begin = std::chrono::steady_clock::now();
  auto answer = call_service(call, tries, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  EXPECT_EQ(said, "service: HTTP 429: slow down; waits 1 s");
}

}  // namespace
}  // namespace eai::peers
