#include "peers/patience.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <time.h>

#include "util/text.h"

namespace eai::peers {
namespace {

constexpr std::chrono::milliseconds k_longest_backoff{30'000};

}  // namespace

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  tm parts{};
  const std::string date(text);
  const char* end = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::int64_t{::timegm(&parts)};
}

bool may_pass(int status) {
  if (status >= 500) return status != 501 && status != 505 && status != 507;
  return status == 408 || status == 425 || status == 429;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::chrono::system_clock::time_point now,
                                                      std::string_view date) {
  constexpr std::int64_t k_longest = 365 * 24 * 3600;
  if (auto seconds = parse_u64(text)) return std::chrono::seconds(std::min<std::uint64_t>(*seconds, k_longest));
  const auto then = parse_http_date(text);
  if (!then) return std::nullopt;
  const std::int64_t begin = parse_http_date(date).value_or(std::chrono::system_clock::to_time_t(now));
  return std::chrono::seconds(std::clamp(*then - begin, std::int64_t{0}, k_longest));
}

std::chrono::milliseconds backoff(int attempt, std::chrono::milliseconds first_delay, std::mt19937_64& random) {
  double full = static_cast<double>(first_delay.count()) * std::ldexp(1.0, std::clamp(attempt - 1, 0, 20));
  full = std::min(full, static_cast<double>(k_longest_backoff.count()));
  double part = std::uniform_real_distribution<double>(0.5, 1.0)(random);
  return std::chrono::milliseconds(static_cast<std::int64_t>(full * part));
}

std::optional<std::chrono::milliseconds> pause_before(int attempt, std::chrono::milliseconds first_delay,
                                                      std::optional<std::chrono::seconds> retry_after,
                                                      std::mt19937_64& random) {
  if (retry_after && *retry_after > k_longest_patience) return std::nullopt;
  auto pause = backoff(attempt, first_delay, random);
  return retry_after ? std::max(pause, std::chrono::milliseconds(*retry_after)) : pause;
}

}  // namespace eai::peers
