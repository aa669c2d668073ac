#include "http/address.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <boost/url.hpp>

#include "util/text.h"

namespace eai::http {
namespace {

struct Block {
  std::uint32_t network;
  int bits;
};
struct Block6 {
  std::uint8_t begin[8];
  int bits;
};

constexpr std::array<Block, 6> k_private_v4 = {{
    {0x7f000000, 8},   // 127.0.0.0/8
    {0x0a000000, 8},   // 10.0.0.0/8
    {0xac100000, 12},  // 172.16.0.0/12
    {0xc0a80000, 16},  // 192.168.0.0/16
    {0xa9fe0000, 16},  // 169.254.0.0/16
    {0x64400000, 10},  // 100.64.0.0/10
}};

// Neither private nor anybody's on the internet.
constexpr std::array<Block, 10> k_special_v4 = {{
    {0x00000000, 8},   // 0.0.0.0/8, this network
    {0xc0000000, 24},  // 192.0.0.0/24, protocols
    {0xc0000200, 24},  // 192.0.2.0/24, documentation
    {0xc0586300, 24},  // 192.88.99.0/24, 6to4 relays
    {0xc6120000, 15},  // 198.18.0.0/15, benchmarks
    {0xc6336400, 24},  // 198.51.100.0/24, documentation
    {0xcb007100, 24},  // 203.0.113.0/24, documentation
    {0xe0000000, 4},   // 224.0.0.0/4, multicast
    {0xf0000000, 4},   // 240.0.0.0/4, reserved, and broadcast
    {0xa83f8110, 32},  // 168.63.129.16, Azure's own services
}};

// Parts of 2000::/3, the only IPv6 that is public, which are not.
constexpr std::array<Block6, 4> k_special_v6 = {{
    {{0x20, 0x01, 0x00}, 23},        // 2001::/23, protocols, Teredo among them
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // 2001:db8::/32, documentation
    {{0x20, 0x02}, 16},              // 2002::/16, 6to4
    {{0x3f, 0xff}, 20},              // 3fff::/20, documentation
}};

bool is_private_v4(std::uint32_t address) {
  for (const Block& block : k_private_v4) {
    if ((address >> (32 - block.bits)) == (block.network >> (32 - block.bits))) return true;
  }
  return false;
}

bool is_public_v4(std::uint32_t address) {
  for (const Block& block : k_special_v4) {
    if ((address >> (32 - block.bits)) == (block.network >> (32 - block.bits))) return false;
  }
  return !is_private_v4(address);
}

bool starts_with(const std::uint8_t* address, const std::uint8_t* begin, int bits) {
  if (std::memcmp(address, begin, static_cast<std::size_t>(bits / 8)) != 0) return false;
  const int rest = bits % 8;
  return rest == 0 || (address[bits / 8] >> (8 - rest)) == (begin[bits / 8] >> (8 - rest));
}

bool is_public_v6(const std::uint8_t* bytes) {
  static constexpr std::uint8_t k_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr std::uint8_t k_nat64[12] = {0, 0x64, 0xff, 0x9b};
  for (const std::uint8_t* prefix : {k_mapped, k_nat64}) {
    if (!starts_with(bytes, prefix, 96)) continue;
    return is_public_v4(std::uint32_t{bytes[12]} << 24 | std::uint32_t{bytes[13]} << 16 |
                        std::uint32_t{bytes[14]} << 8 | bytes[15]);
  }
  if ((bytes[0] & 0xe0) != 0x20) return false;
  for (const Block6& block : k_special_v6) {
    if (starts_with(bytes, block.begin, block.bits)) return false;
  }
  return true;
}

}  // namespace

std::string host_of(std::string_view url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return {};
  const bool is_v6 = parsed->host_type() == boost::urls::host_type::ipv6;
  return lower(is_v6 ? parsed->host_address() : parsed->host());
}

bool is_private_address(std::string_view address) {
  std::string text(address.substr(0, address.find('%')));
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return is_private_v4(ntohl(v4.s_addr));
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
  const std::uint8_t* bytes = v6.s6_addr;
  static constexpr std::uint8_t k_loopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  static constexpr std::uint8_t k_mapped_v4[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(bytes, k_mapped_v4, sizeof k_mapped_v4) == 0) {
    return is_private_v4(std::uint32_t{bytes[12]} << 24 | std::uint32_t{bytes[13]} << 16 |
                         std::uint32_t{bytes[14]} << 8 | bytes[15]);
  }
  if (std::memcmp(bytes, k_loopback, sizeof k_loopback) == 0) return true;
  return (bytes[0] & 0xfe) == 0xfc || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

bool is_public_address(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return is_public_v4(ntohl(v4.s_addr));
  in6_addr v6{};
  return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 && is_public_v6(v6.s6_addr);
}

}  // namespace eai::http
