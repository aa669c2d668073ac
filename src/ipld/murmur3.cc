#include "ipld/murmur3.h"

#include <bit>

namespace eai::ipld {
namespace {

constexpr std::uint64_t k_first = 0x87c37b91114253d5, k_second = 0x4cf5ad432745937f;

std::uint64_t mix_first(std::uint64_t word) { return std::rotl(word * k_first, 31) * k_second; }
std::uint64_t mix_second(std::uint64_t word) { return std::rotl(word * k_second, 33) * k_first; }

std::uint64_t avalanche(std::uint64_t h) {
  h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
  h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53;
  return h ^ h >> 33;
}

// Up to eight bytes, the first one lowest.
std::uint64_t word_of(ByteView bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
  return word;
}

}  // namespace

std::uint64_t murmur3_x64_64(ByteView bytes) {
  const std::uint64_t size = bytes.size();
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  for (; bytes.size() >= 16; bytes = bytes.subspan(16)) {
    a = std::rotl(a ^ mix_first(word_of(bytes.first(8))), 27) + b;
    a = a * 5 + 0x52dce729;
    b = std::rotl(b ^ mix_second(word_of(bytes.subspan(8, 8))), 31) + a;
    b = b * 5 + 0x38495ab5;
  }
  if (bytes.size() > 8) b ^= mix_second(word_of(bytes.subspan(8)));
  a ^= mix_first(word_of(bytes.first(bytes.size() < 8 ? bytes.size() : 8)));
  a ^= size;
  b ^= size;
  a += b;
  b += a;
  return avalanche(a) + avalanche(b);
}

}  // namespace eai::ipld
