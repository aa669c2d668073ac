#include "ipld/multibase.h"

#include <algorithm>
#include <array>

#include "util/text.h"

namespace eai::ipld {
namespace {

constexpr std::string_view k_hex = "0123456789abcdef";
constexpr std::string_view k_hex_upper = "0123456789ABCDEF";
constexpr std::string_view k_base32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view k_base32_upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view k_base36 = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view k_base36_upper = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view k_base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view k_base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view k_base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct Alphabet {
  Base base;
  std::string_view name;
  std::string_view letters;
  unsigned bits;  // per letter; 0 if their count is not a power of two and the text is one big number
};

constexpr std::array<Alphabet, 9> k_alphabets = {{
    {Base::base16, "base16", k_hex, 4},
    {Base::base16_upper, "base16 (upper case)", k_hex_upper, 4},
    {Base::base32, "base32", k_base32, 5},
    {Base::base32_upper, "base32 (upper case)", k_base32_upper, 5},
    {Base::base36, "base36", k_base36, 0},
    {Base::base36_upper, "base36 (upper case)", k_base36_upper, 0},
    {Base::base58btc, "base58btc", k_base58, 0},
    {Base::base64, "base64", k_base64, 6},
    {Base::base64url, "base64url", k_base64url, 6},
}};

const Alphabet& alphabet_of(Base base) {
  return *std::find_if(k_alphabets.begin(), k_alphabets.end(), [&](const Alphabet& a) { return a.base == base; });
}

Result<unsigned> value_of(const Alphabet& alphabet, char letter, std::size_t position) {
  const std::size_t value = alphabet.letters.find(letter);
  if (value == std::string_view::npos) {
    return fail(Code::invalid, "'" + printable({&letter, 1}) + "' at position " + std::to_string(position) +
                                   " is not a " + std::string(alphabet.name) + " character");
  }
  return static_cast<unsigned>(value);
}

std::string encode_bits(const Alphabet& alphabet, ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() * 8 + alphabet.bits - 1) / alphabet.bits);
  unsigned buffer = 0;
  unsigned have = 0;
  const unsigned mask = (1U << alphabet.bits) - 1;
  for (std::uint8_t byte : bytes) {
    buffer = (buffer << 8 | byte) & 0xffffU;
    have += 8;
    for (; have >= alphabet.bits; have -= alphabet.bits) {
      out += alphabet.letters[buffer >> (have - alphabet.bits) & mask];
    }
  }
  if (have > 0) out += alphabet.letters[buffer << (alphabet.bits - have) & mask];
  return out;
}

Result<Bytes> decode_bits(const Alphabet& alphabet, std::string_view text, std::size_t position) {
  Bytes out;
  out.reserve(text.size() * alphabet.bits / 8);
  unsigned buffer = 0;
  unsigned have = 0;
  for (char letter : text) {
    EAI_TRY(unsigned value, value_of(alphabet, letter, position++));
    buffer = (buffer << alphabet.bits | value) & 0xffffU;
    have += alphabet.bits;
    if (have < 8) continue;
    have -= 8;
    out.push_back(static_cast<std::uint8_t>(buffer >> have));
  }
  if (have >= alphabet.bits) return fail(Code::invalid, "a character is missing at the end, or there is one too many");
  if ((buffer & ((1U << have) - 1)) != 0) {
    return fail(Code::invalid, "the last character '" + printable(text.substr(text.size() - 1)) +
                                   "' carries bits that belong to no byte");
  }
  return out;
}

// Turns digits in base `from` (most significant first, without leading zeros) into digits in base `to`.
Bytes convert(const Bytes& digits, unsigned from, unsigned to) {
  Bytes out;  // least significant first
  for (std::uint8_t digit : digits) {
    unsigned carry = digit;
    for (std::uint8_t& place : out) {
      carry += place * from;
      place = static_cast<std::uint8_t>(carry % to);
      carry /= to;
    }
    for (; carry > 0; carry /= to) out.push_back(static_cast<std::uint8_t>(carry % to));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::string encode_number(const Alphabet& alphabet, ByteView bytes) {
  const auto first = std::find_if(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b != 0; });
  std::string out(static_cast<std::size_t>(first - bytes.begin()), alphabet.letters[0]);
  for (std::uint8_t digit : convert({first, bytes.end()}, 256, static_cast<unsigned>(alphabet.letters.size()))) {
    out += alphabet.letters[digit];
  }
  return out;
}

Result<Bytes> decode_number(const Alphabet& alphabet, std::string_view text, std::size_t position) {
  Bytes digits;
  std::size_t zeros = 0;
  for (char letter : text) {
    EAI_TRY(unsigned value, value_of(alphabet, letter, position++));
    if (value == 0 && digits.empty()) {
      ++zeros;
    } else {
      digits.push_back(static_cast<std::uint8_t>(value));
    }
  }
  Bytes out(zeros, 0);
  const Bytes number = convert(digits, static_cast<unsigned>(alphabet.letters.size()), 256);
  out.insert(out.end(), number.begin(), number.end());
  return out;
}

}  // namespace

std::string_view name_of(Base base) { return alphabet_of(base).name; }

std::optional<Base> base_of_prefix(char prefix) {
  for (const Alphabet& alphabet : k_alphabets) {
    if (static_cast<char>(alphabet.base) == prefix) return alphabet.base;
  }
  return std::nullopt;
}

std::string encode(Base base, ByteView bytes) {
  const Alphabet& alphabet = alphabet_of(base);
  return alphabet.bits > 0 ? encode_bits(alphabet, bytes) : encode_number(alphabet, bytes);
}

Result<Bytes> decode(Base base, std::string_view text, std::size_t position) {
  const Alphabet& alphabet = alphabet_of(base);
  return alphabet.bits > 0 ? decode_bits(alphabet, text, position) : decode_number(alphabet, text, position);
}

}  // namespace eai::ipld
