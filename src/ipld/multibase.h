// Why: CIDs are written in several text forms, which are decoded so strictly that each text has one meaning.
// Thread: any; these are pure functions.
// What holds: decode(b, encode(b, x)) == x, and no other text of the same case decodes to x, because bits that are left
// over must be zero.
// Source: the multibase table; RFC 4648 for base16, base32 and base64, all without padding. Base36 and base58btc write
// one big number, in which a leading '0' or '1' stands for each leading zero byte.
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
// Nothing if this is not the prefix of a supported base.
std::optional<Base> base_of_prefix(char prefix);

// The result has no prefix.
std::string encode(Base base, ByteView bytes);
// `text` has no prefix. `position` counts from 1 and says, for the message, where the text begins in what the user
// typed. The time for base36 and base58btc grows with the square of the length, which the caller must bound.
Result<Bytes> decode(Base base, std::string_view text, std::size_t position = 1);

}  // namespace eai::ipld
