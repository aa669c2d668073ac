#include "http/client.h"

#include <thread>

#include <gtest/gtest.h>

#include "fakes/lying_gateway.h"
#include "http/address.h"
#include "util/file.h"

namespace eai::http {
namespace {

using namespace std::chrono_literals;
using fakes::LyingGateway;

constexpr const char* k_name = "bafkqaaa";

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    for (int i = 0; i < 300'000; ++i) content_ += static_cast<char>('a' + i % 26);
    EXPECT_TRUE(write_file_atomic(folder_.path() / k_name, view_of(content_)));
  }

  Request request(const LyingGateway& gateway) {
    Request out;
    out.url = gateway.url() + "/ipfs/" + k_name;
    return out;
  }
  std::vector<std::string> arguments(std::vector<std::string> more) {
    more.insert(more.begin(), {"--blocks", folder_.path().string()});
    return more;
  }

  TemporaryFolder folder_;
  std::string content_;
};

TEST_F(ClientTest, GetsAWholeBody) {
  LyingGateway gateway(arguments({}));
  auto response = fetch(request(gateway), k_mib);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(text_of(response->body), content_);
  EXPECT_EQ(response->headers["content-length"], "300000");
}

TEST_F(ClientTest, AsksForARange) {
  LyingGateway gateway(arguments({}));
  Request ranged = request(gateway);
  ranged.range = ByteRange{26, 52};
  auto response = fetch(ranged, k_mib);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 206);
  EXPECT_EQ(text_of(response->body), "abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(response->headers["content-range"], "bytes 26-51/300000");
}

TEST_F(ClientTest, RefusesABodyOverTheLimit) {
  LyingGateway gateway(arguments({}));
  auto response = fetch(request(gateway), 1000);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::network);
  EXPECT_NE(response.error().message.find("larger than 1000"), std::string::npos);
}

TEST_F(ClientTest, NeverDecodesABody) {
  LyingGateway gateway(arguments({"--mode", "gzip"}));
  auto response = fetch(request(gateway), k_mib);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->headers["content-encoding"], "gzip");
  ASSERT_GT(response->body.size(), 2u);
  EXPECT_EQ(response->body[0], 0x1f);
}

TEST_F(ClientTest, FollowsARedirectAndGivesTheLastHeadOnly) {
  LyingGateway gateway(arguments({"--mode", "redirect"}));
  auto response = fetch(request(gateway), k_mib);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_FALSE(response->headers.contains("location"));
}

TEST_F(ClientTest, EndsARedirectLoop) {
  LyingGateway gateway(arguments({"--mode", "redirect_loop"}));
  auto response = fetch(request(gateway), k_mib);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::network);
}

TEST_F(ClientTest, EndsAStall) {
  LyingGateway gateway(arguments({"--mode", "stall"}));
  Request stalled = request(gateway);
  stalled.stall_timeout = 200ms;
  auto response = fetch(stalled, k_mib);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::timeout);
  EXPECT_EQ(response.error().message, "no byte came for 0.2 s");
}

TEST_F(ClientTest, KeepsADeadline) {
  LyingGateway gateway(arguments({"--mode", "slow"}));
  Request slow = request(gateway);
  slow.deadline = 300ms;
  auto response = fetch(slow, k_mib);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::timeout);
}

TEST_F(ClientTest, ACutConnectionIsAnError) {
  LyingGateway gateway(arguments({"--mode", "cut"}));
  auto response = fetch(request(gateway), k_mib);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::network);
}

TEST_F(ClientTest, OtherSchemesAreRefused) {
  Request file;
  file.url = "file:///etc/passwd";
  auto response = fetch(file, k_mib);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::network);
}

TEST_F(ClientTest, NobodyListens) {
  Request nobody;
  nobody.url = "http://127.0.0.1:1/";
  auto response = fetch(nobody, k_mib);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::network);
}

// Starts a second transfer and cancels itself, from inside its own callback.
class Restless : public Receiver {
 public:
  Restless(Transfers& transfers, Request next, Receiver& second)
      : transfers_(transfers), next_(std::move(next)), second_(second) {}
  Transfers::Id id = 0;
  Result<void> on_head(const ResponseHead&) override { return {}; }
  Result<void> on_body(ByteView) override {
    transfers_.start(next_, second_);
    transfers_.cancel(id);
    return {};
  }
  void on_done(Result<void>) override { ADD_FAILURE() << "a cancelled transfer must not be told of its end"; }

 private:
  Transfers& transfers_;
  Request next_;
  Receiver& second_;
};

class Counter : public Receiver {
 public:
  std::size_t bytes = 0;
  std::optional<Result<void>> outcome;
  std::optional<Error> refuse;
  Result<void> on_head(const ResponseHead&) override {
    if (refuse) return Failure(*refuse);
    return {};
  }
  Result<void> on_body(ByteView part) override {
    bytes += part.size();
    return {};
  }
  void on_done(Result<void> result) override { outcome = std::move(result); }
};

TEST_F(ClientTest, TransfersMayBeStartedAndCancelledInCallbacks) {
  LyingGateway gateway(arguments({}));
  Transfers transfers;
  Counter counter;
  Restless restless(transfers, request(gateway), counter);
  restless.id = transfers.start(request(gateway), restless);
  while (!counter.outcome) transfers.poll(100ms);
  EXPECT_TRUE(*counter.outcome);
  EXPECT_EQ(counter.bytes, content_.size());
  EXPECT_EQ(transfers.active(), 0u);
}

TEST_F(ClientTest, AnErrorOfTheReceiverComesBack) {
  LyingGateway gateway(arguments({}));
  Transfers transfers;
  Counter counter;
  counter.refuse = Error{Code::corrupt, "not what was asked for"};
  transfers.start(request(gateway), counter);
  while (!counter.outcome) transfers.poll(100ms);
  ASSERT_FALSE(*counter.outcome);
  EXPECT_EQ(counter.outcome->error().code, Code::corrupt);
  EXPECT_EQ(counter.bytes, 0u);
}

// Keeps what it is told about the way.
class WayListener final : public Receiver {
 public:
  Result<void> on_head(const ResponseHead&) override { return {}; }
  Result<void> on_body(ByteView) override { return {}; }
  void on_connected(const Connected& connection) override {
    ++connected;
    EXPECT_EQ(connection.peer, "127.0.0.1");
    EXPECT_EQ(connection.own, "127.0.0.1");
    EXPECT_TRUE(connection.fresh);
  }
  void on_unreached(const Unreached& way) override {
    EXPECT_FALSE(done) << "it comes before the end";
    unreached = way;
  }
  void on_done(Result<void>) override { done = true; }
  void run(Request request) {
    done = false;
    unreached.reset();
    Transfers transfers;
    transfers.start(request, *this);
    while (!done) transfers.poll(100ms);
  }

  int connected = 0;
  bool done = false;
  std::optional<Unreached> unreached;
};

TEST_F(ClientTest, TellsHowFarItCame) {
  WayListener listener;
  Request nobody;
  nobody.url = "https://no-such-host.invalid:8443/";
  nobody.connect_timeout = 500ms;  // some name servers say nothing
  listener.run(nobody);
  ASSERT_TRUE(listener.unreached);
  EXPECT_EQ(listener.unreached->why, Unreached::Why::no_name);
  EXPECT_EQ(listener.unreached->host, "no-such-host.invalid");
  nobody.url = "http://224.0.0.1:9/";  // TCP has no way to many
  listener.run(nobody);
  ASSERT_TRUE(listener.unreached);
  EXPECT_EQ(listener.unreached->why, Unreached::Why::no_route);
  nobody.url = "http://127.0.0.1:1/";
  listener.run(nobody);
  EXPECT_FALSE(listener.unreached) << "a refusal is an answer";
  EXPECT_EQ(listener.connected, 0);
  LyingGateway gateway(arguments({}));
  listener.run(request(gateway));
  EXPECT_EQ(listener.connected, 1);
  EXPECT_FALSE(listener.unreached);
}

TEST_F(ClientTest, ASilentServerIsReached) {
  LyingGateway gateway(arguments({"--mode", "stall"}));
  WayListener listener;
  Request asked = request(gateway);
  asked.stall_timeout = 200ms;
  listener.run(asked);
  EXPECT_FALSE(listener.unreached);
  EXPECT_EQ(listener.connected, 1);
}

TEST(HostOf, IsWhatComesAfterTheScheme) {
  EXPECT_EQ(host_of("https://IPFS.io/ipfs/x"), "ipfs.io");
  EXPECT_EQ(host_of("http://[::1]:8080/"), "::1");
  EXPECT_EQ(host_of("http://user:secret@10.0.0.1:80"), "10.0.0.1");
  EXPECT_EQ(host_of("nonsense"), "");
}

TEST_F(ClientTest, WakeEndsAWait) {
  Transfers transfers;
  std::jthread other([&] { transfers.wake(); });
  auto begin = std::chrono::steady_clock::now();
  transfers.poll(60s);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST(Address, KnowsPrivateOnes) {
  for (const char* yes : {"127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.7", "::1",
                          "169.254.1.1", "100.64.0.1", "fe80::1%eth0", "fd12::1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(is_private_address(yes)) << yes;
  }
  for (const char* no : {"8.8.8.8", "172.32.0.1", "172.15.0.1", "192.169.0.1", "100.128.0.1", "2001:db8::1",
                         "::ffff:8.8.8.8", "localhost", "", "10.0.0", "0.0.0.0"}) {
    EXPECT_FALSE(is_private_address(no)) << no;
  }
}

TEST(Address, KnowsPublicOnes) {
  for (const char* yes : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.1.1", "223.255.255.255", "2606:4700::1111",
                          "2a00::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(is_public_address(yes)) << yes;
  }
  for (const char* no : {"127.0.0.1",
                         "10.1.2.3",
                         "172.16.0.1",
                         "192.168.1.7",
                         "169.254.169.254",
                         "100.64.0.1",
                         "100.100.100.200",
                         "0.0.0.0",
                         "0.1.2.3",
                         "192.0.0.192",
                         "192.0.2.1",
                         "198.18.0.1",
                         "198.19.255.255",
                         "198.51.100.1",
                         "203.0.113.1",
                         "224.0.0.1",
                         "239.255.255.250",
                         "240.0.0.1",
                         "255.255.255.255",
                         "168.63.129.16",
                         "::",
                         "::1",
                         "fe80::1%eth0",
                         "fec0::1",
                         "fd00:ec2::254",
                         "fc00::1",
                         "ff02::1",
                         "::ffff:127.0.0.1",
                         "::ffff:169.254.169.254",
                         "::127.0.0.1",
                         "64:ff9b::10.0.0.1",
                         "64:ff9b::a9fe:a9fe",
                         "64:ff9b:1::1",
                         "2002:7f00:1::",
                         "2002:808:808::",
                         "2001::1",
                         "2001:db8::1",
                         "3fff::1",
                         "100::1",
                         "localhost",
                         "",
                         "8.8.8",
                         "0x08080808"}) {
    EXPECT_FALSE(is_public_address(no)) << no;
  }
}

TEST_F(ClientTest, AsksBeforeItConnectsAnywhere) {
  LyingGateway gateway(arguments({}));
  std::vector<std::string> asked;
  Request careful = request(gateway);
  careful.peer_allowed = [&](std::string_view address) {
    asked.emplace_back(address);
    return false;
  };
  auto response = fetch(careful, k_mib);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::invalid) << response.error().message;
  EXPECT_EQ(asked, std::vector<std::string>{"127.0.0.1"});
  careful.peer_allowed = [](std::string_view address) { return address == "127.0.0.1"; };
  EXPECT_TRUE(fetch(careful, k_mib));
  careful.url.insert(careful.url.find("//") + 2, "user:word@");
  EXPECT_FALSE(fetch(careful, k_mib));
}

}  // namespace
}  // namespace eai::http
