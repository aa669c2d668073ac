#include "util/shown_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace eai {
namespace {

struct Span {
  char32_t first, last;
};

// What has no shape of its own, or changes that of its neighbours.
constexpr std::array<Span, 21> k_harmful = {{
    {0x0000, 0x001f},    // C0
    {0x007f, 0x009f},    // DEL, C1
    {0x00ad, 0x00ad},    // soft hyphen
    {0x034f, 0x034f},    // combining grapheme joiner
    {0x061c, 0x061c},    // Arabic letter mark
    {0x115f, 0x1160},    // Hangul fillers
    {0x17b4, 0x17b5},    // Khmer inherent vowels
    {0x180b, 0x180f},    // Mongolian selectors and separator
    {0x200b, 0x200f},    // zero width; left-to-right and right-to-left marks
    {0x2028, 0x202e},    // line and paragraph separators; embeddings and overrides
    {0x2060, 0x206f},    // word joiner, invisible operators, isolates, deprecated format characters
    {0x3164, 0x3164},    // Hangul filler
    {0xfdd0, 0xfdef},    // not characters
    {0xfeff, 0xfeff},    // byte order mark
    {0xffa0, 0xffa0},    // half-width Hangul filler
    {0xfff0, 0xfffb},    // unassigned and ignored; interlinear annotation
    {0xfffe, 0xffff},    // not characters
    {0x13430, 0x1345f},  // Egyptian format controls
    {0x1bca0, 0x1bca3},  // shorthand format controls
    {0x1d173, 0x1d17a},  // musical format controls
    {0xe0000, 0xe0fff},  // tags and further selectors
}};

bool is_harmful(char32_t code) {
  return std::any_of(k_harmful.begin(), k_harmful.end(),
                     [&](const Span& span) { return span.first <= code && code <= span.last; });
}

std::string escaped_unit(unsigned unit) {
  std::array<char, 8> out{};
  std::snprintf(out.data(), out.size(), "\\u%04x", unit);
  return out.data();
}

std::string escaped(char32_t code) {
  if (code < 0x10000) return escaped_unit(code);
  const char32_t rest = code - 0x10000;
  return escaped_unit(0xd800 + (rest >> 10)) + escaped_unit(0xdc00 + (rest & 0x3ff));
}

}  // namespace

Letter first_letter(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {1, first, true, is_harmful(first)};
  const std::size_t length = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (first > 0xf4 || length == 0 || text.size() < length) return {};
  char32_t code = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {length, code, true, is_harmful(code)};
}

std::string shown(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    const bool kept = !letter.harmful || letter.code == '\n' || letter.code == '\t';
    out += kept && letter.is_utf8 ? text.substr(0, letter.length) : "?";
    text.remove_prefix(letter.length);
  }
  return out;
}

std::string shown_json(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    if (!letter.is_utf8) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\\\x%02x", static_cast<unsigned char>(text[0]));
      out += escape.data();
    } else if (letter.harmful && letter.code >= 0x20) {  // below, JSON has blanks between values, and escapes the rest
      out += escaped(letter.code);
    } else {
      out += text.substr(0, letter.length);
    }
    text.remove_prefix(letter.length);
  }
  return out;
}

Result<void> check_visible_name(std::string_view name) {
  while (!name.empty()) {
    const Letter letter = first_letter(name);
    if (!letter.is_utf8) return fail(Code::invalid, "is not UTF-8");
    if (letter.harmful) {
      std::array<char, 16> code{};
      std::snprintf(code.data(), code.size(), "U+%04X", static_cast<unsigned>(letter.code));
      return fail(Code::invalid, std::string("holds the character ") + code.data() +
                                     ", which cannot be seen or changes how the text around it looks");
    }
    name.remove_prefix(letter.length);
  }
  return {};
}

namespace {

// Where the login of a URL lies: from after the slashes to its '@'; {0, 0} if there is none. Whatever is wrong with the
// URL otherwise, a secret in it is found.
std::pair<std::size_t, std::size_t> login_in(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {0, 0};
  const std::size_t begin = scheme + 3;
  const std::size_t end = std::min(url.find_first_of("/?#\\", begin), url.size());
  std::size_t at = url.substr(0, end).rfind('@');
  // A password with a slash in it: the URL is wrong, and still holds the password.
  if (at == std::string_view::npos || at < begin) {
    const std::size_t later = url.find('@', begin);
    const bool is_v6 = url.substr(begin).starts_with('[');
    const std::size_t colon = url.find(':', is_v6 ? std::min(url.find(']', begin), url.size()) : begin);
    const bool is_port = colon != std::string_view::npos && colon + 1 < url.size() && url[colon + 1] >= '0' &&
                         url[colon + 1] <= '9' && url.find_first_not_of("0123456789", colon + 1) == end;
    at = later != std::string_view::npos && colon < end && !is_port ? later : std::string_view::npos;
  }
  if (at == std::string_view::npos || at < begin) return {0, 0};
  return {begin, at};
}

}  // namespace

bool has_login(std::string_view url) { return login_in(url).second != 0; }

Failure refuse_login(std::string_view what) {
  return fail(Code::invalid, std::string(what) +
                                 " holds a user name or password, which eai does not send, because addresses end up in "
                                 "logs and in lists of processes");
}

std::string without_logins(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t scheme = text.find("://");
    const std::size_t end = std::min(text.find_first_of(" \n\t\"'<>", std::min(scheme, text.size())), text.size());
    std::string part(text.substr(0, end));
    if (const auto [begin, at] = login_in(part); at != 0) part.replace(begin, at - begin, "***");
    out += part;
    text.remove_prefix(end);
    if (!text.empty() && scheme == std::string_view::npos) break;
    if (!text.empty()) {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string without_secrets(std::string_view url) {
  std::string out(url);
  if (const auto [begin, at] = login_in(url); at != 0) out.replace(begin, at - begin, "***");
  const std::size_t query = out.find('?');
  if (out.find("://") != std::string::npos && query != std::string::npos) out.replace(query + 1, out.npos, "***");
  return out;
}

}  // namespace eai
