#include "api/data_uri.h"

#include <algorithm>
#include <array>
#include <string>

#include "api/picture.h"
#include "util/text.h"

namespace eai::api {
namespace {

constexpr std::string_view k_scheme = "data:";
constexpr std::string_view k_blanks = " \t\r\n\f\v";

constexpr std::int8_t k_foreign = -1, k_blank = -2, k_padding = -3;

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(k_foreign);
  constexpr std::string_view k_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < k_digits.size(); ++i)
    values[static_cast<unsigned char>(k_digits[i])] = static_cast<std::int8_t>(i);
  values['-'] = 62;  // of the URL-safe alphabet
  values['_'] = 63;
  values['='] = k_padding;
  for (char c : k_blanks) values[static_cast<unsigned char>(c)] = k_blank;
  return values;
}
constexpr std::array<std::int8_t, 256> k_values = make_values();

std::int8_t value_of(char c) { return k_values[static_cast<unsigned char>(c)]; }

Failure foreign_at(std::string_view text, std::size_t at) {
  return fail(Code::invalid, "it is not base64: '" + printable(text.substr(at, 1)) + "' at character " +
                                 std::to_string(at + 1) + " does not belong there");
}

Result<Bytes> from_any_base64(std::string_view text) {
  Bytes out;
  out.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int digits = 0;  // in `bits`
  bool padded = false;
  auto put = [&](int count) {
    for (int i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(bits >> (16 - 8 * i)));
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::int8_t value = value_of(text[i]);
    if (value == k_blank) continue;
    if (value == k_padding && (padded || digits >= 2)) {
      padded = true;
      continue;
    }
    if (value < 0 || padded) return foreign_at(text, i);
    bits |= static_cast<std::uint32_t>(value) << (18 - 6 * digits);
    if (++digits < 4) continue;
    put(3);
    bits = 0;
    digits = 0;
  }
  if (digits == 1) return fail(Code::invalid, "it is not whole base64: its last character is alone");
  if (digits >= 2) put(digits - 1);
  return out;
}

std::string without_percents(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::optional<Bytes> byte;
    if (text[i] == '%') byte = from_hex(text.substr(i + 1, 2));
    if (byte && byte->size() == 1) {
      out.push_back(static_cast<char>(byte->front()));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

Result<Bytes> from_percented_base64(std::string_view text) {
  return text.find('%') == std::string_view::npos ? from_any_base64(text) : from_any_base64(without_percents(text));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(k_blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(k_blanks) + 1 - begin);
}

bool is_data_uri(std::string_view text) { return lower(text.substr(0, k_scheme.size())) == k_scheme; }

// Whether one of the words between "data:" and the comma is "base64".
bool says_base64(std::string_view head) {
  while (true) {
    const std::size_t end = head.find(';');
    if (lower(trimmed(head.substr(0, end))) == "base64") return true;
    if (end == std::string_view::npos) return false;
    head.remove_prefix(end + 1);
  }
}

Result<Bytes> from_data_uri(std::string_view uri) {
  uri.remove_prefix(k_scheme.size());
  const std::size_t comma = uri.find(',');
  if (comma == std::string_view::npos)
    return fail(Code::invalid, "it is a data: URI without the comma that its data follows");
  std::string_view data = uri.substr(comma + 1);
  data = data.substr(0, data.find('#'));
  if (says_base64(uri.substr(0, comma))) return from_percented_base64(data);
  const std::string plain = without_percents(data);
  const ByteView bytes = view_of(plain);
  // Programs forget to say that it is base64.
  if (picture_type(bytes).empty()) {
    if (auto decoded = from_any_base64(plain); decoded && !picture_type(*decoded).empty()) return decoded;
  }
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace

Result<Bytes> read_data_uri(std::string_view text) {
  text = trimmed(text);
  Result<Bytes> bytes = is_data_uri(text) ? from_data_uri(text) : from_percented_base64(text);
  if (bytes && bytes->empty()) return fail(Code::invalid, "it is empty");
  return bytes;
}

}  // namespace eai::api
