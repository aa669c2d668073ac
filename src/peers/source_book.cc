#include "peers/source_book.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "http/address.h"
#include "peers/patience.h"
#include "util/text.h"

namespace eai::peers {
namespace {

constexpr int k_fewest_slots = 4;
constexpr int k_small_at_once = 6;  // small questions for each full one
constexpr std::chrono::seconds k_adapt_after{1};
constexpr double k_growth = 1.05;  // of a rate, for one more request to have been worth it
constexpr std::size_t k_reported_troubles = 4;
constexpr std::chrono::seconds k_rate_is_news{5};  // after this long without a byte, a rate is of the past
// A remembered rate counts for no less than this part of the fastest, so that whoever was slow gets a request beside the
// third of each of the fastest.
constexpr double k_least_of_fastest = 1.0 / 3;
// Longer than this nobody waits for those who are trusted.
constexpr std::chrono::seconds k_wait_for_trusted{5};
constexpr int k_troubles_of_trusted = 2;  // in a row
// Less says little about a rate.
constexpr std::uint64_t k_measured_bytes = k_mib;
constexpr std::chrono::duration<double> k_measured_time{0.3};

std::string local_time(SourceMemory::Clock::time_point time) {
  const std::time_t seconds = SourceMemory::Clock::to_time_t(time);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts)};
}

}  // namespace

SourceBook::SourceBook(std::vector<Source> sources, const Options& options, std::uint64_t seed)
    : parallel_(std::max(1, options.parallel_requests)),
      max_retries_(std::max(0, options.max_retries)),
      retry_delay_(options.retry_delay),
      random_(seed),
      network_(options.network) {
  for (Source& source : sources) add(std::move(source));
}

void SourceBook::add(Source source) {
  Entry& made = entries_.emplace_back();
  made.host = http::host_of(source.base);
  made.source = std::move(source);
  if (memory_ != nullptr) recall(made, remembering_since_);
}

void SourceBook::remember_in(SourceMemory& memory, Clock::time_point now) {
  memory_ = &memory;
  remembering_since_ = now;
  for (Entry& one : entries_) recall(one, now);
  std::stable_partition(entries_.begin(), entries_.end(), [](const Entry& one) { return one.distrust.empty(); });
}

void SourceBook::recall(Entry& one, Clock::time_point now) const {
  if (one.source.is_here()) return;
  one.key = SourceMemory::key_of(one.source.base);
  const SourceMemory::Recalled known = memory_->recall(one.key);
  one.remembered = known.bytes_per_second;
  if (!known.distrusted_until || one.source.kind != Source::Kind::gateway) return;
  one.distrusted_until = now + std::chrono::ceil<std::chrono::seconds>(*known.distrusted_until - memory_->now());
  one.distrust = "sent wrong bytes less than a day ago, so it is asked last until " +
                 local_time(*known.distrusted_until) + " (remove " + memory_->file().string() + " to forget that)";
  one.troubles.push_back({"sent wrong bytes less than a day ago", 1});
}

void SourceBook::keep_rates() {
  if (memory_ == nullptr) return;
  for (const Entry& one : entries_) {
    if (one.banned || one.measured < k_measured_bytes || one.busy < k_measured_time) continue;
    memory_->measured(one.key, one.measured, one.busy);
  }
  memory_->save();
}

int SourceBook::alive() const {
  return static_cast<int>(std::count_if(entries_.begin(), entries_.end(),
                                        [](const Entry& one) { return !one.source.is_here() && !one.banned; }));
}

int SourceBook::slots() const {
  const auto trusted = std::ranges::count_if(
      entries_, [](const Entry& one) { return !one.source.is_here() && !one.banned && one.distrust.empty(); });
  const int alive_now = std::max(1, trusted > 0 ? static_cast<int>(trusted) : alive());
  return std::min(parallel_, std::max(k_fewest_slots, (parallel_ + alive_now - 1) / alive_now));
}

void SourceBook::halve(Entry& one) const {
  one.limit = std::max(1, limit_of(one) / 2);
  one.rate_at_raise = 0;
}

void SourceBook::adapt(Entry& one, Clock::time_point now) const {
  if (now - one.adapted < k_adapt_after) return;
  one.adapted = now;
  if (one.in_flight < limit_of(one) || one.rate <= one.rate_at_raise * k_growth) return;
  one.rate_at_raise = one.rate;
  one.limit = std::min(parallel_, limit_of(one) + 1);
}

void SourceBook::stalls(int index) {
  note(index, "stalled");
  entry(index).stalled = true;
  halve(entry(index));
}

bool SourceBook::usable(int index, std::size_t piece) const {
  const Entry& one = entry(index);
  if (one.source.is_here() || one.banned) return false;
  if (one.source.kind == Source::Kind::url && !one.serves.contains(piece)) return false;
  auto tried = one.attempts.find(piece);
  return tried == one.attempts.end() || tried->second <= max_retries_;
}

bool SourceBook::others_know_ranges(std::size_t piece, const Entry& than) const {
  for (int i = 0; i < static_cast<int>(entries_.size()); ++i) {
    const Entry& one = entry(i);
    if (!one.distrust.empty() && than.distrust.empty()) continue;
    if (usable(i, piece) && !one.no_ranges) return true;
  }
  return false;
}

bool SourceBook::trusted_deliver(std::size_t piece, Clock::time_point now) const {
  for (int i = 0; i < static_cast<int>(entries_.size()); ++i) {
    const Entry& one = entry(i);
    const bool in_trouble = one.out_of_reach || one.stalled || one.troubles_in_a_row >= k_troubles_of_trusted ||
                            one.not_before > now + k_wait_for_trusted;
    if (one.distrust.empty() && usable(i, piece) && !in_trouble) return true;
  }
  return false;
}

double SourceBook::fastest() const {
  double measured = 0, remembered = 0;
  for (const Entry& one : entries_) {
    measured = std::max(measured, one.rate);
    remembered = std::max(remembered, one.remembered);
  }
  return std::max(measured > 0 ? measured : remembered, 1.0);
}

std::optional<int> SourceBook::pick(std::size_t piece, Clock::time_point now, std::optional<int> only,
                                    Weight weight) const {
  const int of_one = weight == Weight::small ? k_small_at_once : 1;
  std::optional<int> best;
  double best_wait = 0;
  const double fastest_rate = fastest();
  for (int i = 0; i < static_cast<int>(entries_.size()); ++i) {
    const Entry& one = entry(i);
    if (only && *only != i) continue;
    if (!usable(i, piece) || one.not_before > now || one.in_flight >= of_one * limit_of(one)) continue;
    if (!one.distrust.empty() && !only && trusted_deliver(piece, now)) continue;
    if (one.no_ranges && !only && others_know_ranges(piece, one)) continue;
    // Whoever is not known is taken for as fast as the fastest, and whoever was slow before for not much slower, so that
    // they get their chance.
    double rate = one.rate;
    if (rate <= 0 && one.remembered <= 0) rate = fastest_rate;
    if (rate <= 0) rate = std::clamp(one.remembered, fastest_rate * k_least_of_fastest, fastest_rate);
    double wait = (one.in_flight + 1) / rate;
    if (!best || wait < best_wait * 0.999) {
      best = i;
      best_wait = wait;
    }
  }
  return best;
}

bool SourceBook::hopeless(std::size_t piece, std::optional<int> only) const {
  for (int i = 0; i < static_cast<int>(entries_.size()); ++i) {
    if ((!only || *only == i) && usable(i, piece)) return false;
  }
  return true;
}

std::optional<Clock::time_point> SourceBook::next_ready(Clock::time_point now) const {
  std::optional<Clock::time_point> earliest;
  for (const Entry& one : entries_) {
    if (one.banned || one.not_before <= now) continue;
    if (!earliest || one.not_before < *earliest) earliest = one.not_before;
  }
  return earliest;
}

void SourceBook::started(int index) { ++entry(index).in_flight; }
void SourceBook::ended(int index) { --entry(index).in_flight; }

void SourceBook::got(int index, std::size_t piece, std::uint64_t bytes) {
  Entry& one = entry(index);
  one.bytes += bytes;
  one.troubles_in_a_row = 0;
  one.out_of_reach = false;
  one.stalled = false;
  // Not for a byte or two: who cuts each answer after its first bytes shall not be asked for ever.
  auto tried = one.attempts.find(piece);
  if (bytes >= 64 * k_kib && tried != one.attempts.end() && tried->second <= max_retries_) one.attempts.erase(tried);
}

void SourceBook::threw_away(int index, std::uint64_t bytes) {
  Entry& one = entry(index);
  one.bytes -= std::min(bytes, one.bytes);
  one.bytes_at_tick = std::min(one.bytes_at_tick, one.bytes);
}

void SourceBook::tick(Clock::time_point now) {
  double seconds = std::chrono::duration<double>(now - last_tick_).count();
  bool first = last_tick_ == Clock::time_point{};
  last_tick_ = now;
  for (Entry& one : entries_) {
    double fresh = static_cast<double>(one.bytes - one.bytes_at_tick);
    one.bytes_at_tick = one.bytes;
    if (fresh > 0) one.last_growth = now;
    if (one.distrusted_until <= now) one.distrust.clear();
    if (first || seconds <= 0) continue;
    if (one.in_flight > 0 || fresh > 0) {
      one.measured += static_cast<std::uint64_t>(fresh);
      one.busy += std::chrono::duration<double>(seconds);
    }
    double weight = 1 - std::exp(-seconds / 3.0);
    one.rate = one.rate == 0 ? fresh / seconds : one.rate + weight * (fresh / seconds - one.rate);
    if (one.in_flight == 0 && one.rate < 1) one.rate = 0;
    adapt(one, now);
  }
}

void SourceBook::note(int index, const std::string& why) {
  auto& troubles = entry(index).troubles;
  auto known = std::find_if(troubles.begin(), troubles.end(), [&](const Trouble& one) { return one.why == why; });
  if (known != troubles.end()) {
    ++known->times;
    std::rotate(known, known + 1, troubles.end());  // the latest last
    return;
  }
  if (troubles.size() == k_reported_troubles) troubles.erase(troubles.begin());
  troubles.push_back({why, 1});
}

void SourceBook::lacks(int index, std::size_t piece, const std::string& why) {
  note(index, why);
  lacks(index, piece);
}

void SourceBook::trouble(int index, std::size_t piece, const std::string& why,
                         std::optional<std::chrono::seconds> retry_after, Clock::time_point now, Reach reach) {
  Entry& one = entry(index);
  note(index, why);
  one.out_of_reach = reach != Reach::there;
  // What was under way when the trouble began ends with it: that is one trouble, not many.
  const bool again = now < one.not_before;
  if (one.out_of_reach) {
    // Whoever cannot be reached is spared nothing by a longer wait, and may be there again any moment.
    if (!again && (max_retries_ == 0 || !network_->away())) ++one.attempts[piece];
    one.not_before = std::max(one.not_before, now + std::min(backoff(3, retry_delay_, random_), k_away_pause));
    return;
  }
  if (!again) {
    ++one.attempts[piece];
    ++one.troubles_in_a_row;
    halve(one);
  }
  auto pause = pause_before(one.troubles_in_a_row, retry_delay_, retry_after, random_);
  if (!pause) {
    note(index, "asked to wait " + human_duration(*retry_after));
    one.attempts[piece] = max_retries_ + 1;
    pause = *retry_after;
  }
  one.not_before = std::max(one.not_before, now + *pause);
}

void SourceBook::ban(int index, const std::string& why, Hint hint) {
  note(index, why);
  if (hint_ == Hint::none) hint_ = hint;
  entry(index).banned = true;
}

void SourceBook::lied(int index, const std::string& why) {
  if (!banned(index)) ban(index, why);
  const Entry& one = entry(index);
  if (memory_ != nullptr && one.source.kind == Source::Kind::gateway) memory_->lied(one.key);
}

std::string SourceBook::report() const {
  std::string out;
  for (const Entry& one : entries_) {
    if (!out.empty()) out += "; ";
    out += one.source.name + ": ";
    if (one.troubles.empty()) out += one.bytes > 0 ? "no trouble" : "was not needed";
    for (std::size_t i = 0; i < one.troubles.size(); ++i) {
      if (i > 0) out += ", ";
      out += one.troubles[i].why;
      if (one.troubles[i].times > 1) out += " (" + std::to_string(one.troubles[i].times) + " times)";
    }
    if (one.banned) out += ", not used again";
  }
  return out.empty() ? "no source is named" : out;
}

bool SourceBook::cut_off(std::size_t piece, Clock::time_point now) const {
  if (!network_->given_up(now)) return false;
  for (int i = 0; i < static_cast<int>(entries_.size()); ++i) {
    if (usable(i, piece) && is_nearby(entry(i).host) && !entry(i).out_of_reach) return false;
  }
  return true;
}

Error SourceBook::failure(const std::string& piece) const {
  if (network_->away()) return no_network(report(), Hint::try_again);
  return {Code::network, "no source delivers " + piece + ": " + report(), hint_};
}

std::vector<SourceProgress> SourceBook::progress(Clock::time_point now) const {
  std::vector<SourceProgress> out;
  for (const Entry& one : entries_) {
    const double rate = now - one.last_growth < k_rate_is_news ? one.rate : 0;
    SourceProgress shown{one.source.name, one.bytes, rate, {}};
    if (one.banned) {
      shown.trouble = one.troubles.back().why + ", not used again";
    } else if (one.not_before > now) {
      shown.wait = std::chrono::ceil<std::chrono::seconds>(one.not_before - now);
      shown.trouble = one.troubles.back().why;
    } else {
      shown.trouble = one.distrust;
    }
    out.push_back(std::move(shown));
  }
  return out;
}

}  // namespace eai::peers
