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
  double bytes_per_second() const { return rate_; }
  std::optional<std::chrono::seconds> time_left(std::uint64_t done, std::uint64_t total) const;

 private:
  std::optional<Clock::time_point> last_;
  std::uint64_t last_done_ = 0;
  double rate_ = 0;
};

}  // namespace eai::library
