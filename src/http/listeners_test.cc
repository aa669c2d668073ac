#include "http/listeners.h"

#include <gtest/gtest.h>

namespace eai::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Texts = std::vector<std::string>;

bool answers(asio::io_context& context, const char* address, std::uint16_t port) {
  tcp::socket socket(context);
  boost::system::error_code failure;
  socket.connect({asio::ip::make_address(address), port}, failure);
  return !failure;
}

TEST(Listeners, WhatAHostMeans) {
  for (const char* name : {"localhost", "LocalHost", "localhost.", "app.localhost"})
    EXPECT_EQ(*listen_addresses(name), (Texts{"127.0.0.1", "::1"})) << name;
  EXPECT_EQ(*listen_addresses("127.0.0.1"), Texts{"127.0.0.1"});
  EXPECT_EQ(*listen_addresses("127.1"), Texts{"127.0.0.1"});
  EXPECT_EQ(*listen_addresses("::1"), Texts{"::1"});
  EXPECT_EQ(*listen_addresses("[::1]"), Texts{"::1"});
  EXPECT_EQ(*listen_addresses("0.0.0.0"), (Texts{"0.0.0.0", "::1"}));
  EXPECT_EQ(*listen_addresses("::"), Texts{"::"});
  for (const char* nobody : {"localhost:8080", "http://localhost", "no such host", "[::1"}) {
    const auto refused = listen_addresses(nobody);
    ASSERT_FALSE(refused) << nobody;
    EXPECT_EQ(refused.error().code, Code::invalid);
  }
}

TEST(Listeners, LoopbackIsWhatOnlyThisMachineReaches) {
  EXPECT_TRUE(are_loopback({"127.0.0.1", "::1"}));
  EXPECT_TRUE(are_loopback({"127.8.9.10"}));
  EXPECT_FALSE(are_loopback({"127.0.0.1", "192.168.1.7"}));
  EXPECT_FALSE(are_loopback({"0.0.0.0", "::1"}));
  EXPECT_FALSE(are_loopback({"::"}));
}

TEST(Listeners, LocalhostIsBothLoopbacksWithOnePort) {
  asio::io_context context;
  const auto opened = open_listeners(context, "localhost", 0);
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_EQ(opened->sockets.size(), 2u);
  EXPECT_TRUE(answers(context, "127.0.0.1", opened->port));
  EXPECT_TRUE(answers(context, "::1", opened->port));
}

TEST(Listeners, EverywhereIsReachedByBothFamilies) {
  asio::io_context context;
  for (const char* host : {"::", "0.0.0.0"}) {
    const auto opened = open_listeners(context, host, 0);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(answers(context, "127.0.0.1", opened->port)) << host;
    EXPECT_TRUE(answers(context, "::1", opened->port)) << host;
  }
}

TEST(Listeners, APortThatIsTakenOnOneAddressIsNotLocalhosts) {
  asio::io_context context;
  for (int round = 0; round < 20; ++round) {
    const auto first = open_listeners(context, "::1", 0);
    ASSERT_TRUE(first);
    const auto refused = open_listeners(context, "localhost", first->port);
    ASSERT_FALSE(refused) << "a client of localhost would reach another program";
    EXPECT_EQ(refused.error().code, Code::busy);
    EXPECT_NE(refused.error().message.find("::1 port " + std::to_string(first->port)), std::string::npos);
    const auto other = open_listeners(context, "localhost", 0);
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_NE(other->port, first->port);
  }
}

// 192.0.2.1 is for documentation; no machine has it.
TEST(Listeners, AnAddressThatIsNotHereIsRefused) {
  asio::io_context context;
  const auto refused = open_listeners(context, "192.0.2.1", 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::invalid);
}

}  // namespace
}  // namespace eai::http
