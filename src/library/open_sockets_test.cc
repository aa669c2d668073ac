#include "library/open_sockets.h"

#include <algorithm>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/file.h"

namespace eai::library {
namespace {

constexpr std::string_view k_tcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 100 0 0 10 0\n"
    "   1: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12 1 0 100 0 0 10 0\n"
    "   2: 0700A8C0:9C40 08080808:01BB 01 00000000:00000000 02:00000000 00000000  1000        0 13 1 0 20 4 30 10 -1\n"
    "   3: 0100007F:9C41 0100007F:1F90 01 00000000:00000000 02:00000000 00000000  1000        0 14 1 0 20 4 30 10 -1\n"
    "   4: 0100007F:9C42 0100007F:1F90 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0\n"
    "   5: nonsense\n   6: 0100007F:1F90\n   7: 0100007F:1F901 00000000:0000 0A 0:0 0:0 0 0 0 15\n";
constexpr std::string_view k_tcp6 =
    "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 21 1 0\n"
    "   1: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:9C40 01 0:0 0:0 0 0 0 22 1 0\n"
    "   2: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 23 1 0\n";

TEST(OpenSockets, AreReadFromTheSystemsTables) {
  const auto found = parse_sockets(k_tcp, "tcp");
  ASSERT_EQ(found.size(), 4U);
  const OpenSocket& listening = found.at(11);
  EXPECT_EQ(listening.own.address, "127.0.0.1");
  EXPECT_EQ(listening.own.port, 8080);
  EXPECT_TRUE(listening.listens);
  EXPECT_FALSE(listening.lets_others_in());
  EXPECT_FALSE(listening.leads_away());
  EXPECT_TRUE(found.at(12).lets_others_in());
  EXPECT_EQ(found.at(13).peer.address, "8.8.8.8");
  EXPECT_EQ(found.at(13).peer.port, 443);
  EXPECT_TRUE(found.at(13).leads_away());
  EXPECT_FALSE(found.at(14).leads_away());
}

TEST(OpenSockets, AddressesOfSixKindsAreReadToo) {
  const auto found = parse_sockets(k_tcp6, "tcp");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found.at(21).own.address, "::1");
  EXPECT_FALSE(found.at(21).lets_others_in());
  EXPECT_EQ(found.at(22).peer.address, "::ffff:127.0.0.1");
  EXPECT_FALSE(found.at(22).leads_away());
  EXPECT_TRUE(found.at(23).lets_others_in());
}

TEST(OpenSockets, OfUdpOneWithoutAPeerListens) {
  const auto found = parse_sockets(
      "  9: 0100007F:0035 00000000:0000 07 0:0 0:0 0 0 0 31 2 0 0\n  9: 0700A8C0:0035 08080808:0035 01 0:0 0:0 0 0 0 "
      "32\n",
      "udp");
  EXPECT_TRUE(found.at(31).listens);
  EXPECT_TRUE(found.at(32).leads_away());
}

#ifdef __linux__
TEST(OpenSockets, OurOwnAreFound) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(fd.get(), 1), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto all = family_of(::getpid());
  EXPECT_EQ(all.front(), ::getpid());
  const auto found = sockets_of(all);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(std::ranges::any_of(*found, [&](const OpenSocket& one) {
    return one.pid == ::getpid() && one.listens && one.own.port == ntohs(address.sin_port) && one.own.loopback;
  }));
  const auto parents = family_of(::getppid());
  EXPECT_NE(std::ranges::find(parents, ::getpid()), parents.end());
  EXPECT_TRUE(sockets_of({})->empty());
}
#endif

}  // namespace
}  // namespace eai::library
