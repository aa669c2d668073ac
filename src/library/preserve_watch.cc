#include "library/preserve_watch.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace eai::library {
namespace {

constexpr auto k_between_looks = std::chrono::milliseconds(200);

// What a home will be sent: while the folder is packed, as much as that promises.
std::uint64_t expected_at(const preserve::HomeProgress& home, const preserve::Progress& now, Phase phase) {
  if (phase != Phase::packing || now.done == 0) return home.total;
  const double ratio = static_cast<double>(now.made) / static_cast<double>(now.done);
  return std::max(home.total, static_cast<std::uint64_t>(ratio * static_cast<double>(now.total)));
}

}  // namespace

const RateMeter& PreserveRates::measure(const std::string& of, std::uint64_t done, RateMeter::Clock::time_point at) {
  auto found = std::find_if(meters_.begin(), meters_.end(), [&](const Meter& meter) { return meter.of == of; });
  if (found == meters_.end()) found = meters_.insert(found, {of, {}});
  found->rate.update(done, at);
  return found->rate;
}

std::optional<Progress> PreserveRates::look(const preserve::Progress& now, RateMeter::Clock::time_point at) {
  const std::optional<Phase> phase = phase_of(now.phase);  // nothing while it has not begun
  if (!phase) return std::nullopt;
  Progress out{.subject = name_, .hash = {}, .phase = *phase};
  if (phase == Phase::packing || phase == Phase::hashing) {
    const RateMeter& rate = measure(now.phase, now.done, at);
    out.done = out.received = now.done;
    out.total = now.total;
    out.bytes_per_second = rate.bytes_per_second();
    out.time_left = rate.time_left(now.done, now.total);
  }
  for (const preserve::HomeProgress& home : now.homes) {
    const bool waits = phase == Phase::sending && home.sent >= home.total;  // for an answer, or for other homes
    const RateMeter& rate = measure("at " + home.name, home.sent, at);
    PeerProgress peer{.name = home.name, .done = home.sent, .total = expected_at(home, now, *phase)};
    if (!waits) {
      peer.bytes_per_second = rate.bytes_per_second();
      peer.time_left = rate.time_left(peer.done, peer.total);
    }
    peer.in_flight = home.in_flight;
    peer.trouble = home.trouble;
    peer.begun = home.total > 0;
    out.peers.push_back(std::move(peer));
  }
  return out;
}

PreserveWatch::PreserveWatch(const preserve::Monitor& monitor, const std::string& name, Feed& feed)
    : monitor_(monitor), rates_(name), feed_(feed), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void PreserveWatch::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any tick;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    tick.wait_for(lock, stop, k_between_looks, [] { return false; });
    if (auto progress = rates_.look(monitor_.read())) feed_.progress(*std::move(progress));
  }
}

}  // namespace eai::library
