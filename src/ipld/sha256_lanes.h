// Why: SHA-256 works through a message block by block, and each of the processor's SHA instructions waits for the one
// before it. Blocks of two messages do not wait for each other, so both are done in the time of one. OpenSSL hashes one
// message at a time.
// Thread: any; these are pure functions on values.
// What holds: all but has_sha256_lanes() may be called only where that says true.
// Source: FIPS 180-4; the instructions are described in Intel's "Intel SHA Extensions" (2013), and AMD's are the same.
#pragma once

#include <array>
#include <cstdint>

#include "ipld/hash.h"

namespace eai::ipld {

// Whether this build knows SHA instructions of this processor.
bool has_sha256_lanes();

inline constexpr std::size_t k_sha256_block = 64;

// A message, of which whole blocks have been hashed.
struct Sha256Lane {
  std::array<std::uint32_t, 8> words = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::uint64_t size = 0;  // bytes so far

  void add(ByteView blocks);
  // `rest` is what comes behind the blocks, and may have any size.
  Sha256 end(ByteView rest) const;
};
// Adds to both, which may be given the same bytes. `blocks` are equally many.
void add_to_both(Sha256Lane& one, ByteView blocks, Sha256Lane& other, ByteView other_blocks);

}  // namespace eai::ipld
