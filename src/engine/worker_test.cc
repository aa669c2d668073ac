#include "engine/worker.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "util/own_process.h"

namespace eai::engine {
namespace {

struct Worker : ::testing::Test {
  WorkerOptions options{.program = fs::path(EAI_BUILD_DIR) / "libexec/eai" / k_rpc_server};
};

TEST_F(Worker, TakesConnectionsUntilItIsStopped) {
  std::stop_source stop;
  std::uint16_t port = 0;
  int pid = 0;
  const auto ended = run_worker(options,
                                {[&](std::uint16_t at, int process) {
                                   port = at, pid = process;
                                   stop.request_stop();
                                 },
                                 {}},
                                stop.get_token());
  EXPECT_TRUE(ended) << ended.error().message;
  EXPECT_NE(port, 0);
  ASSERT_GT(pid, 0);
  EXPECT_FALSE(mark_of(pid)) << "it is gone";
}

TEST_F(Worker, StoppedBeforeItBegan) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(run_worker(options, {}, stop.get_token()));
}

TEST_F(Worker, ItsEndIsToldWithItsLastWords) {
  const auto ended = run_worker(options, {[](std::uint16_t, int pid) { ::kill(pid, SIGKILL); }, {}}, {});
  EXPECT_EQ(ended.error().code, Code::io);
  EXPECT_NE(ended.error().message.find("killed by signal 9"), std::string::npos) << ended.error().message;
}

TEST_F(Worker, APortThatIsTaken) {
  std::stop_source stop;
  Result<void> second;
  const auto first = run_worker(options,
                                {[&](std::uint16_t port, int) {
                                   WorkerOptions same = options;
                                   same.port = port;
                                   second = run_worker(same, {}, {});
                                   stop.request_stop();
                                 },
                                 {}},
                                stop.get_token());
  EXPECT_TRUE(first) << first.error().message;
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos) << second.error().message;
}

TEST_F(Worker, WhatCannotStart) {
  options.program = "/nonexistent/worker";
  EXPECT_FALSE(run_worker(options, {}, {}));
  options.host = "machine";
  EXPECT_EQ(run_worker(options, {}, {}).error().code, Code::invalid);
  options.host = "203.0.113.1";  // not of this machine
  EXPECT_EQ(run_worker(options, {}, {}).error().code, Code::io);
}

TEST(Workers, AreNamedByHostAndPort) {
  const auto workers = parse_workers({"a:1,10.0.0.2:50052", "b.example:65535"});
  ASSERT_TRUE(workers) << workers.error().message;
  EXPECT_EQ(*workers, (std::vector<std::string>{"a:1", "10.0.0.2:50052", "b.example:65535"}));
  EXPECT_TRUE(parse_workers({})->empty());
  for (const char* wrong : {"a", "a:", ":1", "a:0", "a:65536", "a:1x", "-a:1", "a b:1", "a:1,,b:2"})
    EXPECT_FALSE(parse_workers({wrong})) << wrong;
}

TEST(Workers, Loopback) {
  EXPECT_TRUE(is_loopback("127.0.0.1"));
  EXPECT_TRUE(is_loopback("127.9.9.9"));
  EXPECT_FALSE(is_loopback("0.0.0.0"));
  EXPECT_FALSE(is_loopback("192.168.1.5"));
}

}  // namespace
}  // namespace eai::engine
