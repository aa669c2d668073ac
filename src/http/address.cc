#include "http/address.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include <arpa/inet.h>

namespace eai::http {
namespace {

struct Block {
  std::uint32_t network;
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

bool is_private_v4(std::uint32_t address) {
  for (const Block& block : k_private_v4) {
    if ((address >> (32 - block.bits)) == (block.network >> (32 - block.bits))) return true;
  }
  return false;
}

}  // namespace

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

}  // namespace eai::http
