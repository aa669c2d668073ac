#include "library/rate_meter.h"

#include <cmath>

namespace eai::library {
namespace {

constexpr std::chrono::seconds k_rate_is_news{5};  // after this long without a byte, a rate is of the past
constexpr double k_slowest = 500;                  // bytes per second; below it no time is named
constexpr double k_longest = 1000.0 * 24 * 3600;   // seconds

}  // namespace

void RateMeter::update(std::uint64_t done, Clock::time_point now) {
  if (!last_) {
    last_ = grew_ = now;
    last_done_ = done;
    return;
  }
  double seconds = std::chrono::duration<double>(now - *last_).count();
  if (done < last_done_) {  // something begins again
    last_ = grew_ = now;
    last_done_ = done;
    return;
  }
  if (seconds < 0.2) return;
  if (done > last_done_) grew_ = now;
  if (now - grew_ >= k_rate_is_news) {
    last_ = now;
    rate_ = 0;
    return;
  }
  double current = static_cast<double>(done - last_done_) / seconds;
  double weight = rate_ == 0 ? 1 : 1 - std::exp(-seconds / 3);
  rate_ += weight * (current - rate_);
  last_ = now;
  last_done_ = done;
}

std::optional<std::chrono::seconds> RateMeter::time_left(std::uint64_t done, std::uint64_t total) const {
  if (rate_ < k_slowest || total < done) return std::nullopt;
  const double seconds = static_cast<double>(total - done) / rate_;
  if (seconds > k_longest) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(seconds) + 1);
}

}  // namespace eai::library
