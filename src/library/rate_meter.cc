#include "library/rate_meter.h"

#include <cmath>

namespace eai::library {

void RateMeter::update(std::uint64_t done, Clock::time_point now) {
  if (!last_) {
    last_ = now;
    last_done_ = done;
    return;
  }
  double seconds = std::chrono::duration<double>(now - *last_).count();
  if (done < last_done_) {  // something begins again
    last_ = now;
    last_done_ = done;
    return;
  }
  if (seconds < 0.2) return;
  double current = static_cast<double>(done - last_done_) / seconds;
  double weight = rate_ == 0 ? 1 : 1 - std::exp(-seconds / 3);
  rate_ += weight * (current - rate_);
  last_ = now;
  last_done_ = done;
}

std::optional<std::chrono::seconds> RateMeter::time_left(std::uint64_t done, std::uint64_t total) const {
  if (rate_ < 1 || total < done) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(static_cast<double>(total - done) / rate_) + 1);
}

}  // namespace eai::library
