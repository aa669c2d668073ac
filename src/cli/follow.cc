#include "cli/follow.h"

#include <algorithm>

#include <boost/json.hpp>

#include "cli/hint_words.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;
using library::PeerProgress;
using library::Phase;
using library::Progress;

constexpr std::chrono::seconds k_between_same_events{30};

// Empty: bytes are counted.
std::string phase_words(Phase phase) {
  switch (phase) {
    case Phase::waiting:
      return "waiting for another eai to download it";
    case Phase::metadata:
      return "asking for its metadata";
    case Phase::unpacking:
      return "unpacking";
    case Phase::syncing:
      return "writing to disk";
    case Phase::parts:
    case Phase::done:
    case Phase::asking:
    case Phase::packing:
    case Phase::hashing:
    case Phase::sending:
    case Phase::reading:
    case Phase::copying:
      return "";
  }
  return "";
}

// The homes are asked, or sent what is left: nothing of the folder is read.
bool reads_folder(const Progress& now) { return now.phase != Phase::asking && now.phase != Phase::sending; }

// Null while it is unknown.
json::value rate_of(double bytes_per_second) {
  return bytes_per_second > 0 ? json::value(bytes_per_second) : json::value();
}

template <typename From>
void add_rate(json::object& event, const From& from) {
  event["bytes_per_second"] = rate_of(from.bytes_per_second);
  if (from.time_left) event["seconds_left"] = from.time_left->count();
}

// What has to happen before bytes come again; nothing while they come, or when nobody is waited for.
std::optional<BarWait> wait_of(const Progress& now) {
  if (now.network_awaited) {
    return BarWait{"no network", "trying again for " + human_duration(*now.network_awaited), BarWait::News::yes};
  }
  if (now.bytes_per_second > 0 || (now.phase != Phase::metadata && now.phase != Phase::parts)) return std::nullopt;
  const PeerProgress* next = nullptr;
  for (const PeerProgress& peer : now.peers) {
    if (peer.wait && (next == nullptr || *peer.wait < *next->wait)) next = &peer;
  }
  if (next == nullptr) return std::nullopt;
  return BarWait{"waiting for " + printable(next->name), "next try in " + human_duration(*next->wait)};
}

// "from ipfs.io", "from 3 sources"; empty while nobody gives anything.
std::string givers(const std::vector<PeerProgress>& peers) {
  const auto gives = [](const PeerProgress& peer) { return peer.bytes_per_second > 0; };
  const auto count = std::ranges::count_if(peers, gives);
  if (count == 0) return "";
  if (count > 1) return "from " + std::to_string(count) + " sources";
  return "from " + printable(std::ranges::find_if(peers, gives)->name, 40);
}

std::vector<Bar> model_bars(const Progress& now) {
  Bar bar{now.subject, phase_words(now.phase), now.done, now.total, now.bytes_per_second, now.time_left};
  bar.waits = wait_of(now);
  if (now.phase == Phase::parts) bar.more = givers(now.peers);
  for (const PeerProgress& peer : now.peers) {
    if (now.network_awaited) break;  // that says it all
    if (!peer.trouble.empty()) bar.troubles.push_back({printable(peer.name + ": " + peer.trouble, 400), peer.wait});
  }
  return {std::move(bar)};
}

std::vector<json::object> download_events(const Progress& now) {
  json::array sources;
  for (const PeerProgress& peer : now.peers) {
    json::object told{{"name", peer.name},
                      {"bytes", peer.done},
                      {"bytes_per_second", rate_of(peer.bytes_per_second)},
                      {"trouble", peer.trouble}};
    if (peer.wait) told["wait_seconds"] = peer.wait->count();
    sources.push_back(std::move(told));
  }
  json::object out{{"event", "progress"},          {"hash", now.hash},
                   {"name", now.subject},          {"phase", name_of(now.phase)},
                   {"verified", now.done},         {"received", now.received},
                   {"total", now.total},           {"bytes_per_second", rate_of(now.bytes_per_second)},
                   {"sources", std::move(sources)}};
  if (now.time_left) out["seconds_left"] = now.time_left->count();
  if (const auto waits = wait_of(now)) out["waits_for"] = waits->what + ", " + waits->until;
  return {std::move(out)};
}

std::vector<Bar> preserve_bars(const Progress& now) {
  std::vector<Bar> out;
  if (reads_folder(now)) {
    out.push_back({std::string(name_of(now.phase)) + " " + now.subject, "", now.done, now.total, now.bytes_per_second,
                   now.time_left});
  }
  for (const PeerProgress& home : now.peers) {
    Bar bar{home.name, "", home.done, home.total, home.bytes_per_second, home.time_left};
    if (home.in_flight > 0) bar.more = std::to_string(home.in_flight) + " in flight";
    // A home that is sent nothing has something to tell all the same: a pinning service fetches by itself.
    if (home.begun && !home.trouble.empty()) bar.troubles.push_back({home.trouble});
    if (!home.begun) bar.phase = home.trouble;
    if (home.begun || !bar.phase.empty()) out.push_back(std::move(bar));
  }
  return out;
}

std::vector<json::object> preserve_events(const Progress& now) {
  std::vector<json::object> out;
  const std::string_view phase = name_of(now.phase);
  if (reads_folder(now)) {
    out.push_back({{"event", "progress"}, {"phase", phase}, {"done", now.done}, {"total", now.total}});
    add_rate(out.back(), now);
  }
  for (const PeerProgress& home : now.peers) {
    out.push_back({{"event", "progress"},
                   {"phase", phase},
                   {"home", home.name},
                   {"sent", home.done},
                   {"to_send", home.total},
                   {"in_flight", home.in_flight},
                   {"trouble", home.trouble}});
    add_rate(out.back(), home);
  }
  return out;
}

// What programs were told last: the same is not told again soon.
class Told {
 public:
  bool is_news(const std::vector<json::object>& events) {
    const auto now = std::chrono::steady_clock::now();
    if (events == events_ && now - at_ < k_between_same_events) return false;
    events_ = events;
    at_ = now;
    return true;
  }

 private:
  std::vector<json::object> events_;
  std::chrono::steady_clock::time_point at_{};
};

}  // namespace

void follow(const library::Feed& feed, const Look& look, Output& out) {
  ProgressDisplay display(out);
  Told told;
  std::uint64_t seen = 0;
  for (auto events = feed.wait(seen); !events.empty(); events = feed.wait(seen)) {
    for (const library::Event& event : events) {
      seen = event.number;
      if (const auto* note = std::get_if<library::Note>(&event.what)) {
        display.clear();
        out.note(words_of_note(note->text, note->hint));
        continue;
      }
      const auto& now = std::get<Progress>(event.what);
      if (out.json() && look.events) {
        auto fresh = look.events(now);
        if (told.is_news(fresh)) {
          for (const json::object& one : fresh) out.event(one);
        }
      }
      if (!out.json() && look.bars) display.show(look.bars(now));
    }
  }
}

Look model_look() { return {model_bars, {}}; }
Look download_look() { return {model_bars, download_events}; }
Look preserve_look() { return {preserve_bars, preserve_events}; }

}  // namespace eai::cli
