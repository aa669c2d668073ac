// Why: the text forms of bytes that CIDs come in, decoded so strictly that each text has one meaning.
// Thread: any; pure functions.
// Source: the multibase table; RFC 4648 for base16, base32 and base64, all without padding. Base36 and base58btc are one
// big number, where each leading zero byte is one leading '0' or '1'.
// What holds: decode(b, encode(b, x)) == x, and no other text of the same case decodes to x: left-over bits must be zero.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

// The value is the multibase prefix.
enum class Base : char {
  base16 = 'f',
  base16_upper = 'F',
  base32 = 'b',
  base32_upper = 'B',
  base36 = 'k',
  base36_upper = 'K',
  base58btc = 'z',
  base64 = 'm',
  base64url = 'u',
};

std::string_view name_of(Base base);
// Nothing if no supported base has this prefix.
std::optional<Base> base_of_prefix(char prefix);

// Without the prefix.
std::string encode(Base base, ByteView bytes);
// `text` without the prefix; `position` is where it begins in what the user typed, counted from 1, for the
// message. Base36 and base58btc cost time with the square of the length: the caller bounds it.
Result<Bytes> decode(Base base, std::string_view text, std::size_t position = 1);

}  // namespace eai::ipld
