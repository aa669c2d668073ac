// Clients that flood, dawdle and leave: what they cost the others, and how soon an engine learns of it.
#include <algorithm>
#include <deque>

#include <sys/resource.h>

#include "fakes/api_world.h"

namespace eai::api {
namespace {

class FaultsTest : public ApiWorld {
 protected:
  // What the fake engine wrote into <model>.<what>, once it is there.
  std::string noted(const std::string& what) {
    const fs::path file = folder_.path() / ("good.gguf." + what);
    if (!soon([&] { return fs::exists(file); })) return {};
    const auto bytes = read_file(file, k_mib);
    fs::remove(file);
    return bytes ? std::string(text_of(*bytes)) : std::string();
  }
  // Milliseconds from a client's leaving to the engine's noticing, by the clock that both share.
  double time_to_notice(const std::string& body) {
    RawClient client(port_);
    client.post("/v1/chat/completions", body);
    EXPECT_FALSE(noted("reached").empty());
    client.leave();
    const double left = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    const std::string seen = noted("left");
    return seen.empty() ? 1e9 : (std::stod(seen) - left) * 1000;
  }
};

TEST_F(FaultsTest, AThousandSilentConnectionsCostTheOthersNothing) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
  setrlimit(RLIMIT_NOFILE, &limit);
  ASSERT_GE(limit.rlim_cur, 4096u) << "this test needs descriptors for both ends";
  start();
  std::deque<RawClient> silent;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(silent.emplace_back(port_).connected()) << i;
  for (int i = 0; i < 20; ++i) ASSERT_EQ(status_of(ask("/v1/chat/completions", k_chat)), 200);
  // And they are no worse off for having waited.
  silent.front().get("/health");
  silent.back().get("/health");
  EXPECT_EQ(status_of(silent.front().answer()), 200);
  EXPECT_EQ(status_of(silent.back().answer()), 200);
}

TEST_F(FaultsTest, AFloodOfHeadersEndsAtTheLimit) {
  start();
  RawClient client(port_);
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n");
  bool taken = true;
  for (int i = 0; taken && i < 20'000; ++i) taken = client.send("x-" + std::to_string(i) + ": y\r\n");
  EXPECT_TRUE(!taken || status_of(client.until("\r\n\r\n")) == 431);
  EXPECT_EQ(status_of(ask("/v1/chat/completions", k_chat)), 200);
}

TEST_F(FaultsTest, ABodyThatNeverEndsIsGivenUp) {
  limits_.body_grace = std::chrono::milliseconds(200);
  limits_.body_rate = 1'000'000;
  limits_.body = 4 * k_mib;
  start();
  RawClient slow(port_);
  slow.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{\"messages\":");
  EXPECT_EQ(slow.until_end(), "");
  EXPECT_TRUE(slow.ended());
  RawClient fast(port_);
  fast.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string piece = "10000\r\n" + std::string(65536, ' ') + "\r\n";
  for (int i = 0; i < 70; ++i) ASSERT_TRUE(fast.send(piece)) << i;
  EXPECT_EQ(status_of(fast.until("\r\n\r\n")), 413);
  EXPECT_EQ(leases(), 0);
}

TEST_F(FaultsTest, ANameOfAMebibyteIsAnsweredInFewWords) {
  start();
  const std::string name(1 << 20, 'n');
  const std::string answer =
      ask("/v1/chat/completions", R"({"messages":[{"role":"user","content":"hi"}],"model":")" + name + "\"}");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_NE(answer.find("x-eai-fallback: "), std::string::npos);
  EXPECT_LT(answer.find("\r\n\r\n"), 1000u);
  reload(
      [] {
        ApiOptions strict;
        strict.select.unknown = UnknownRule::strict;
        return strict;
      }(),
      {"hash-c"});
  const std::string refused =
      ask("/v1/chat/completions", R"({"messages":[{"role":"user","content":"hi"}],"model":")" + name + "\"}");
  EXPECT_EQ(status_of(refused), 404);
  EXPECT_LT(refused.size(), 2000u);
}

TEST_F(FaultsTest, ALeavingClientIsNoticedByTheEngineWithin100Milliseconds) {
  start();
  ASSERT_EQ(status_of(ask("/v1/chat/completions", k_chat)), 200);
  for (const std::string& body : {saying("hang", "true"),      // streaming
                                  saying("mute", "true"),      // before the stream's head
                                  saying("mute", "false")}) {  // waiting for a whole answer
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) times.push_back(time_to_notice(body));
    std::sort(times.begin(), times.end());
    EXPECT_LE(times[2], 100) << body;  // the middle one: a machine at work may hold up one or the other
    EXPECT_TRUE(soon([&] { return leases() == 0; })) << body;
  }
}

TEST_F(FaultsTest, LeavingTheQueueFreesItsPlace) {
  start();
  std::deque<RawClient> running;
  for (int i = 0; i < 4; ++i) {  // all slots
    running.emplace_back(port_).post("/v1/chat/completions", saying("hang", "true"));
    ASSERT_FALSE(running.back().until("{\"n\":1}").empty());
  }
  RawClient waiting(port_);
  waiting.post("/v1/chat/completions", k_chat);
  ASSERT_TRUE(soon([&] { return leases() == 5; }));
  waiting.leave();
  EXPECT_TRUE(soon([&] { return leases() == 4; }));
  RawClient next(port_);
  next.post("/v1/chat/completions", k_chat);
  running.front().leave();
  EXPECT_EQ(status_of(next.answer()), 200);
}

TEST_F(FaultsTest, AClientThatDoesNotReadItsStreamHoldsBoundedMemory) {
  start();
  RawClient client(port_);
  client.post("/v1/chat/completions", saying("flood", "true"));
  const std::string blocked = noted("blocked");
  ASSERT_FALSE(blocked.empty()) << "the engine was never held up";
  // What the sockets' buffers of the system hold, and at most one event in between.
  EXPECT_LT(std::stoull(blocked), 32 * k_mib);
  client.leave();
  EXPECT_FALSE(noted("left").empty());
  EXPECT_TRUE(soon([&] { return leases() == 0; }));
}

TEST_F(FaultsTest, ThoseOnOtherMachinesReadNoLinesOfAnEnginesLog) {
  start({}, "crash_in_load");
  for (const char* proxy : {"X-Forwarded-For: 203.0.113.9\r\n", "Forwarded: for=203.0.113.9\r\n", "Via: 1.1 a\r\n"}) {
    const std::string answer = ask("/v1/chat/completions", k_chat, proxy);
    EXPECT_GE(status_of(answer), 500);
    EXPECT_NE(answer.find("it exited with status 1"), std::string::npos) << answer;
    EXPECT_EQ(answer.find("cheese"), std::string::npos) << answer;
  }
}

}  // namespace
}  // namespace eai::api
