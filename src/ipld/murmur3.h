// Why: a folder that is too large for one block spreads its entries by this hash of their names.
// Thread: any; a pure function.
// What holds: it is no proof of anything, and anyone can make names that collide.
// Source: MurmurHash3 (x64, 128 bits) with the seed 0; UnixFS uses the first 64 bits and calls that murmur3-x64-64.
#pragma once

#include <cstdint>

#include "util/bytes.h"

namespace eai::ipld {

std::uint64_t murmur3_x64_64(ByteView bytes);

}  // namespace eai::ipld
