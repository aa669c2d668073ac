#include <array>
#include <charconv>
#include <cstdio>

#include "ipld/ipns.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

// Takes exactly `digits` digits off the beginning.
std::optional<unsigned> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take_char(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take_char(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<std::chrono::minutes> take_hour_and_minute(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take_char(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute);
}

std::optional<std::uint32_t> take_fraction(std::string_view& text) {
  if (!take_char(text, '.')) return 0;
  std::uint32_t value = 0;
  std::size_t digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
    if (++digits > 9) return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(text[0] - '0');
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) value *= 10;
  return value;
}

// How far the clock is ahead of UTC.
std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take_char(text, 'Z')) return std::chrono::minutes(0);
  const bool ahead = text.starts_with('+');
  if (!ahead && !text.starts_with('-')) return std::nullopt;
  text.remove_prefix(1);
  const auto offset = take_hour_and_minute(text);
  if (!offset) return std::nullopt;
  return ahead ? *offset : -*offset;
}

std::optional<IpnsTime> take_time(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take_char(text, 'T')) return std::nullopt;
  const auto minute = take_hour_and_minute(text);
  if (!minute || !take_char(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return IpnsTime{std::chrono::sys_seconds(*date) + *minute + std::chrono::seconds(*second) - *offset, *fraction};
}

}  // namespace

IpnsTime IpnsTime::of(std::chrono::system_clock::time_point time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(time - second);
  return {second, static_cast<std::uint32_t>(rest.count())};
}

Result<IpnsTime> parse_rfc3339(std::string_view text) {
  if (const auto time = take_time(text)) return *time;
  return fail(Code::invalid, "\"" + printable(text, 80) + "\" is not a time as RFC 3339 writes it");
}

std::string format_rfc3339(const IpnsTime& time) {
  const auto day = std::chrono::floor<std::chrono::days>(time.second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time.second - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%09uZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), time.nanosecond);
  return text.data();
}

}  // namespace eai::ipld
