#include "cli/preserve_watch.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr auto k_between_looks = std::chrono::milliseconds(200);

void add_rate(json::object& event, const Bar& bar) {
  event["bytes_per_second"] = bar.bytes_per_second;
  if (bar.time_left) event["seconds_left"] = bar.time_left->count();
}

// What a home will be sent: while the folder is packed, as much as that promises.
std::uint64_t expected_at(const preserve::HomeProgress& home, const preserve::Progress& now) {
  if (now.phase != "packing" || now.done == 0) return home.total;
  const double ratio = static_cast<double>(now.made) / static_cast<double>(now.done);
  return std::max(home.total, static_cast<std::uint64_t>(ratio * static_cast<double>(now.total)));
}

}  // namespace

const RateMeter& PreserveRates::measure(const std::string& of, std::uint64_t done, RateMeter::Clock::time_point at) {
  auto found = std::find_if(measured_.begin(), measured_.end(), [&](const Measured& one) { return one.of == of; });
  if (found == measured_.end()) found = measured_.insert(found, {of, {}});
  found->rate.update(done, at);
  return found->rate;
}

PreserveRates::View PreserveRates::look(const preserve::Progress& now, RateMeter::Clock::time_point at) {
  View out;
  if (now.phase.empty()) return out;
  if (now.phase != "asking" && now.phase != "sending") {
    const RateMeter& rate = measure(now.phase, now.done, at);
    Bar bar{
        now.phase + " " + name_, "", now.done, now.total, rate.bytes_per_second(), rate.time_left(now.done, now.total)};
    json::object event{{"event", "progress"}, {"phase", now.phase}, {"done", now.done}, {"total", now.total}};
    add_rate(event, bar);
    out.events.push_back(std::move(event));
    out.bars.push_back(std::move(bar));
  }
  for (const preserve::HomeProgress& home : now.homes) {
    const bool waits = now.phase == "sending" && home.sent >= home.total;  // for an answer, or for other homes
    const std::uint64_t expected = expected_at(home, now);
    const RateMeter& rate = measure("at " + home.name, home.sent, at);
    Bar bar{home.name, "", home.sent, expected};
    if (!waits) {
      bar.bytes_per_second = rate.bytes_per_second();
      bar.time_left = rate.time_left(home.sent, expected);
    }
    if (home.in_flight > 0) bar.more = std::to_string(home.in_flight) + " in flight";
    if (!home.trouble.empty()) bar.troubles.push_back({home.trouble});
    json::object event{{"event", "progress"},    {"phase", now.phase},  {"home", home.name},
                       {"sent", home.sent},      {"to_send", expected}, {"in_flight", home.in_flight},
                       {"trouble", home.trouble}};
    add_rate(event, bar);
    out.events.push_back(std::move(event));
    // A home that is sent nothing has something to tell all the same: a pinning service fetches by itself.
    if (home.total == 0 && !home.trouble.empty()) {
      bar.phase = home.trouble;
      bar.troubles.clear();
    }
    if (home.total > 0 || !bar.phase.empty()) out.bars.push_back(std::move(bar));
  }
  return out;
}

PreserveWatch::PreserveWatch(const preserve::Monitor& monitor, const std::string& name, Output& out)
    : monitor_(monitor), rates_(name), out_(out), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void PreserveWatch::run(const std::stop_token& stop) {
  ProgressDisplay display(out_);
  std::mutex mutex;
  std::condition_variable_any tick;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    tick.wait_for(lock, stop, k_between_looks, [] { return false; });
    const PreserveRates::View view = rates_.look(monitor_.read());
    for (const json::object& event : view.events) out_.event(event);
    display.show(view.bars);
  }
}

}  // namespace eai::cli
