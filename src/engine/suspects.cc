#include "engine/suspects.h"

#include <algorithm>
#include <utility>

namespace eai::engine {

namespace {

constexpr std::chrono::seconds k_notices_late{5};  // how long an engine may work on after a client has left
constexpr std::size_t k_most_left = 64, k_most_good = 4096, k_most_strikes = 1024;

}  // namespace

std::optional<Span> Suspects::refuses(Time now, const Suspect& suspect) const {
  if (strikes_.empty() || suspect.shape == 0) return std::nullopt;  // the usual case
  int of_sender = 0;
  Time latest{};
  for (const auto& [whose, strikes] : strikes_) {
    if (whose.sender != suspect.sender || strikes.latest + k_strike_life <= now) continue;
    const int count = strikes.alone + strikes.shared;
    if (whose == suspect && count >= k_strikes_of_shape) return strikes.latest + k_strike_life - now;
    of_sender += count;
    latest = std::max(latest, strikes.latest);
  }
  if (of_sender < k_strikes_of_sender || good_.contains({suspect.model, suspect.shape})) return std::nullopt;
  return latest + k_strike_life - now;
}

void Suspects::begin(Ticket ticket, EngineRun run, const Suspect& suspect) {
  working_.emplace(ticket, Work{run, suspect});
}

void Suspects::end(Time now, Ticket ticket, bool answered) {
  const auto found = working_.find(ticket);
  if (found == working_.end()) return;  // it was judged
  const Work work = found->second;
  working_.erase(found);
  if (work.suspect.shape == 0) return;
  if (!answered) {
    left_.push_back({work, now});
    if (left_.size() > k_most_left) left_.pop_front();
    return;
  }
  if (good_.size() >= k_most_good) good_.clear();
  good_.emplace(work.suspect.model, work.suspect.shape);
  if (strikes_.empty()) return;
  const auto struck = strikes_.find(work.suspect);
  if (struck != strikes_.end()) struck->second.shared = 0;
}

std::vector<Ticket> Suspects::judge(Time now, EngineRun run) {
  std::vector<std::pair<Ticket, Suspect>> suspects;
  for (const auto& [ticket, work] : working_)
    if (work.run == run && work.suspect.shape != 0) suspects.emplace_back(ticket, work.suspect);
  for (const auto& [work, at] : left_)
    if (work.run == run && at + k_notices_late > now) suspects.emplace_back(0, work.suspect);
  for (auto one = working_.begin(); one != working_.end();)
    one = one->second.run == run ? working_.erase(one) : one + 1;
  std::erase_if(left_, [&](const Left& one) { return one.work.run == run; });

  const auto is_known = [&](const auto& one) { return good_.contains({one.second.model, one.second.shape}); };
  if (!std::ranges::all_of(suspects, is_known)) std::erase_if(suspects, is_known);
  std::vector<Ticket> blamed;
  for (const auto& [ticket, suspect] : suspects) {
    strike(now, suspect, suspects.size() == 1);
    if (ticket != 0) blamed.push_back(ticket);
  }
  return blamed;
}

void Suspects::strike(Time now, const Suspect& suspect, bool alone) {
  std::erase_if(strikes_, [&](const auto& one) { return one.second.latest + k_strike_life <= now; });
  if (strikes_.size() >= k_most_strikes && !strikes_.contains(suspect)) {
    const auto oldest = std::ranges::min_element(strikes_, {}, [](const auto& one) { return one.second.latest; });
    strikes_.erase(oldest);
  }
  Strikes& strikes = strikes_[suspect];
  ++(alone ? strikes.alone : strikes.shared);
  strikes.latest = now;
}

}  // namespace eai::engine
