#include "ipld/sha256_lanes.h"

#include <algorithm>
#include <cstdlib>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace eai::ipld {

#if defined(__x86_64__)
namespace {

constexpr std::size_t k_rounds = 64;

// The round constants of FIPS 180-4, 4.2.2.
alignas(16) constexpr std::array<std::uint32_t, k_rounds> k_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

bool has_sha_instructions() {
  static const bool has = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    constexpr unsigned k_ssse3 = 1U << 9, k_sse41 = 1U << 19, k_sha = 1U << 29;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & k_ssse3) == 0 || (c & k_sse41) == 0) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & k_sha) != 0;
  }();
  return has;
}

// A lane in registers. The instructions want the eight words of the state as A B E F and C D G H, highest first.
struct Lane {
  explicit Lane(const Sha256Lane& lane, const std::uint8_t* blocks)
      : abef(_mm_set_epi32(word(lane, 0), word(lane, 1), word(lane, 4), word(lane, 5))),
        cdgh(_mm_set_epi32(word(lane, 2), word(lane, 3), word(lane, 6), word(lane, 7))),
        at(blocks) {}

  void leave(Sha256Lane& lane, std::size_t size) const {
    std::array<std::uint32_t, 4> first{}, second{};
    _mm_storeu_si128(reinterpret_cast<__m128i*>(first.data()), abef);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(second.data()), cdgh);
    lane.words = {first[3], first[2], second[3], second[2], first[1], first[0], second[1], second[0]};
    lane.size += size;
  }

  static int word(const Sha256Lane& lane, std::size_t i) { return static_cast<int>(lane.words[i]); }

  __m128i abef, cdgh;
  const std::uint8_t* at;  // its next block
};

// The next `blocks` of each lane. What is done for one lane fills the gaps that another one leaves.
template <std::size_t n>
[[gnu::target("sha,sse4.1,ssse3")]] void compress(std::array<Lane, n>& lanes, std::size_t blocks) {
  const __m128i to_big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i abef[n], cdgh[n], abef_before[n], cdgh_before[n], words[n][4];
  for (std::size_t l = 0; l < n; ++l) {
    abef[l] = lanes[l].abef;
    cdgh[l] = lanes[l].cdgh;
  }
  for (; blocks > 0; --blocks) {
    for (std::size_t l = 0; l < n; ++l) {
      abef_before[l] = abef[l];
      cdgh_before[l] = cdgh[l];
      for (std::size_t i = 0; i < 4; ++i) {
        const auto* from = reinterpret_cast<const __m128i*>(lanes[l].at + 16 * i);
        words[l][i] = _mm_shuffle_epi8(_mm_loadu_si128(from), to_big_endian);
      }
      lanes[l].at += k_sha256_block;
    }
#pragma GCC unroll 16
    for (std::size_t four = 0; four < k_rounds / 4; ++four) {
      const __m128i constants = _mm_load_si128(reinterpret_cast<const __m128i*>(&k_constants[4 * four]));
#pragma GCC unroll 2
      for (std::size_t l = 0; l < n; ++l) {
        auto& w = words[l];
        const __m128i input = _mm_add_epi32(w[four % 4], constants);
        cdgh[l] = _mm_sha256rnds2_epu32(cdgh[l], abef[l], input);
        abef[l] = _mm_sha256rnds2_epu32(abef[l], cdgh[l], _mm_shuffle_epi32(input, 0x0e));
        if (four >= 12) continue;
        // The words of four times four rounds later take the place of those that were just used.
        const __m128i back_seven = _mm_alignr_epi8(w[(four + 3) % 4], w[(four + 2) % 4], 4);
        const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[four % 4], w[(four + 1) % 4]), back_seven);
        w[four % 4] = _mm_sha256msg2_epu32(sum, w[(four + 3) % 4]);
      }
    }
    for (std::size_t l = 0; l < n; ++l) {
      abef[l] = _mm_add_epi32(abef[l], abef_before[l]);
      cdgh[l] = _mm_add_epi32(cdgh[l], cdgh_before[l]);
    }
  }
  for (std::size_t l = 0; l < n; ++l) {
    lanes[l].abef = abef[l];
    lanes[l].cdgh = cdgh[l];
  }
}

}  // namespace

bool has_sha256_lanes() { return has_sha_instructions(); }

void Sha256Lane::add(ByteView blocks) {
  std::array<Lane, 1> lanes = {Lane(*this, blocks.data())};
  compress(lanes, blocks.size() / k_sha256_block);
  lanes[0].leave(*this, blocks.size());
}

void add_to_both(Sha256Lane& one, ByteView blocks, Sha256Lane& other, ByteView other_blocks) {
  std::array<Lane, 2> lanes = {Lane(one, blocks.data()), Lane(other, other_blocks.data())};
  compress(lanes, blocks.size() / k_sha256_block);
  lanes[0].leave(one, blocks.size());
  lanes[1].leave(other, other_blocks.size());
}

#else

bool has_sha256_lanes() { return false; }
void Sha256Lane::add(ByteView) { std::abort(); }
void add_to_both(Sha256Lane&, ByteView, Sha256Lane&, ByteView) { std::abort(); }

#endif

// Padding and length, as FIPS 180-4 has it in 5.1.1.
Sha256 Sha256Lane::end(ByteView rest) const {
  Sha256Lane lane = *this;
  const std::size_t whole = rest.size() / k_sha256_block * k_sha256_block;
  if (whole > 0) lane.add(rest.first(whole));
  rest = rest.subspan(whole);
  std::array<std::uint8_t, 2 * k_sha256_block> tail{};
  std::ranges::copy(rest, tail.begin());
  tail[rest.size()] = 0x80;
  const std::size_t padded = rest.size() + 1 + 8 > k_sha256_block ? tail.size() : k_sha256_block;
  const std::uint64_t bits = (lane.size + rest.size()) * 8;
  for (std::size_t i = 0; i < 8; ++i) tail[padded - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
  lane.add(ByteView(tail).first(padded));
  Sha256 out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint8_t>(lane.words[i / 4] >> (24 - 8 * (i % 4)));
  return out;
}

}  // namespace eai::ipld
