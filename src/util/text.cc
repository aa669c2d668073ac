#include "util/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <numeric>

#include "util/shown_text.h"

namespace eai {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string lower(std::string_view text) {
  // Headers' names are short, and every request has many: a table costs them the least.
  static constexpr auto k_lower = [] {
    std::array<char, 256> table{};
    for (int i = 0; i < 256; ++i) table[i] = static_cast<char>(i >= 'A' && i <= 'Z' ? i - 'A' + 'a' : i);
    return table;
  }();
  std::string out(text);
  for (char& c : out) c = k_lower[static_cast<unsigned char>(c)];
  return out;
}

std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::uint8_t b : bytes) {
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = hex_digit(text[i]);
    int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 7> units = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 999.5 would be printed as "1000", so values that rounding takes there go on to the next unit.
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f %s", decimals, value, units[unit]);
  return buffer.data();
}

std::string human_duration(std::chrono::seconds duration) {
  auto seconds = std::max<std::int64_t>(0, duration.count());
  auto text = [](std::int64_t n, const char* unit) { return std::to_string(n) + " " + unit; };
  auto pair = [&](std::int64_t a, const char* ua, std::int64_t b, const char* ub) {
    return b == 0 ? text(a, ua) : text(a, ua) + " " + text(b, ub);
  };
  if (seconds < 60) return text(seconds, "s");
  if (seconds < 3600) return pair(seconds / 60, "min", seconds % 60, "s");
  if (seconds < 86400) return pair(seconds / 3600, "h", seconds % 3600 / 60, "min");
  return pair(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

std::vector<std::string> near_names(std::string_view asked, const std::vector<std::string>& candidates,
                                    std::size_t count) {
  const std::string name = lower(asked);
  std::vector<std::pair<std::size_t, std::string>> scored;
  std::size_t limit = std::max<std::size_t>(2, name.size() / 3);
  for (const std::string& candidate : candidates) {
    const std::string known = lower(candidate);
    bool prefix = name.size() >= 3 && (known.starts_with(name) || name.starts_with(known));
    std::size_t distance = edit_distance(name, known);
    if (prefix || distance <= limit)
      scored.emplace_back(prefix ? std::min<std::size_t>(distance, 1) : distance, candidate);
  }
  std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  for (auto& [score, candidate] : scored) {
    if (out.size() == count) break;
    out.push_back(std::move(candidate));
  }
  return out;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= limit) return out + "…";
    const Letter letter = first_letter(text);
    out += letter.harmful ? "?" : text.substr(0, letter.length);
    text.remove_prefix(letter.length);
  }
  return out;
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    if (!letter.is_utf8) return false;
    text.remove_prefix(letter.length);
  }
  return true;
}

std::optional<std::uint64_t> parse_u64(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string shortened(std::string_view text, std::size_t columns) {
  if (width_of(text) <= columns || columns < 3) return std::string(text);
  const std::size_t tail = (columns - 1) / 2;
  const std::size_t front = columns - 1 - tail;
  // Where the character of this number begins: characters are never cut.
  const auto place_of = [&](std::size_t number) {
    std::size_t at = 0;
    for (; number > 0 && at < text.size(); --number) at += first_letter(text.substr(at)).length;
    return at;
  };
  return std::string(text.substr(0, place_of(front))) + "…" + std::string(text.substr(place_of(width_of(text) - tail)));
}

}  // namespace eai
