// Why: a person wants to know how fast bytes come and how long the rest will take, and not see both jump about.
// Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace eai::library {

// A rate and the time left from bytes done so far, smoothed over some seconds.
class RateMeter {
 public:
  using Clock = std::chrono::steady_clock;
  void update(std::uint64_t done, Clock::time_point now = Clock::now());
  // 0: unknown, because nothing has come for some seconds.
  double bytes_per_second() const { return rate_; }
  // Nothing while the rate is unknown or so low that the time would be a guess.
  std::optional<std::chrono::seconds> time_left(std::uint64_t done, std::uint64_t total) const;

 private:
  std::optional<Clock::time_point> last_;
  std::uint64_t last_done_ = 0;
  Clock::time_point grew_{};
  double rate_ = 0;
};

}  // namespace eai::library
