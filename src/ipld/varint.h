// Why: CIDs, multihashes, CAR sections and protobuf tags all begin with an unsigned LEB128 number.
// Thread: any; these are pure functions.
// Source: unsigned-varint of multiformats (at most 9 bytes, only the shortest form) and protobuf (at most 10 bytes, 64
// bits).
#pragma once

#include <cstddef>
#include <cstdint>

#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

enum class VarintRule {
  multiformats,  // 63 bits, and only the shortest form
  protobuf,      // 64 bits; longer forms are allowed, as in every protobuf reader
};

inline void append_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

inline std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  while (value >>= 7) ++size;
  return size;
}

// The number that `bytes` begins with. `bytes` is moved past it; after a failure (Code::invalid) it is as it was.
inline Result<std::uint64_t> take_varint(ByteView& bytes, VarintRule rule = VarintRule::multiformats) {
  const std::size_t limit = rule == VarintRule::multiformats ? 9 : 10;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < limit; ++i) {
    if (i == bytes.size()) return fail(Code::invalid, "a number (varint) is cut off");
    const std::uint8_t byte = bytes[i];
    if (i == 9 && byte > 1) return fail(Code::invalid, "a number (varint) does not fit into 64 bits");
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if ((byte & 0x80) != 0) continue;
    if (rule == VarintRule::multiformats && byte == 0 && i > 0) {
      return fail(Code::invalid, "a number (varint) is not in its shortest form");
    }
    bytes = bytes.subspan(i + 1);
    return value;
  }
  return fail(Code::invalid, "a number (varint) is longer than " + std::to_string(limit) + " bytes");
}

}  // namespace eai::ipld
