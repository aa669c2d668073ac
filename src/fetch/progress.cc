#include "fetch/progress.h"

#include <cmath>

namespace eai::fetch {
namespace {

constexpr std::chrono::milliseconds k_interval{100};
constexpr double k_slowest = 500;                 // bytes per second; below it no time is named
constexpr double k_longest = 1000.0 * 24 * 3600;  // seconds

}  // namespace

std::optional<std::chrono::seconds> time_for(std::uint64_t left, double rate) {
  if (left == 0) return std::chrono::seconds(0);
  if (rate < k_slowest) return std::nullopt;
  double seconds = std::ceil(static_cast<double>(left) / rate);
  if (seconds > k_longest) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

void Reporter::tell(Clock::time_point now) {
  last_ = now;
  progress_.sources = book_.progress(now);
  progress_.bytes_per_second = 0;
  for (const SourceProgress& source : progress_.sources) progress_.bytes_per_second += source.bytes_per_second;
  progress_.time_left.reset();
  progress_.network_awaited.reset();
  if (const auto left = book_.network().patience_left(now)) {
    progress_.network_awaited = std::chrono::ceil<std::chrono::seconds>(*left);
  }
  if (progress_.total > 0) {
    std::uint64_t left = progress_.total - std::min(progress_.received, progress_.total);
    progress_.time_left = time_for(left, progress_.bytes_per_second);
  }
  if (on_progress_) on_progress_(progress_);
}

void Reporter::begin_parts(std::uint64_t verified, std::uint64_t received) {
  progress_.verified = verified;
  progress_.received = received;
  phase(Progress::Phase::parts);
}

void Reporter::phase(Progress::Phase phase) {
  progress_.phase = phase;
  if (phase == Progress::Phase::done) progress_.verified = progress_.received = progress_.total;
  tell(Clock::now());
}

void Reporter::show(Clock::time_point now, std::uint64_t verified, std::uint64_t received) {
  progress_.verified = verified;
  progress_.received = received;
  if (now - last_ >= k_interval) tell(now);
}

}  // namespace eai::fetch
