// What can be asked of the scheduler; nothing here changes it.
#include <algorithm>

#include "engine/scheduler.h"

namespace eai::engine {

std::string_view name_of(State state) {
  switch (state) {
    case State::absent:
      return "absent";
    case State::starting:
      return "starting";
    case State::ready:
      return "ready";
    case State::draining:
      return "draining";
    case State::stopping:
      return "stopping";
    case State::cooling:
      return "cooling";
  }
  return "absent";
}

std::uint64_t Scheduler::taken(const Model& model) const {
  return model.terms.held == 0 ? model.terms.need : std::min(model.terms.held, model.terms.need);
}

// Whoever is about to start has an answer to give.
std::uint64_t Scheduler::claimed(const Model& model) const {
  const bool begins = model.state == State::absent || model.state == State::starting;
  const std::uint64_t answers = begins ? 1 : model.leases.size();
  const std::uint64_t room = model.terms.need - taken(model);
  return model.terms.need - room + std::min(room, answers * std::min(model.terms.growth, room));
}

std::uint64_t Scheduler::used() const {
  std::uint64_t sum = 0;
  for (const Model& model : models_)
    if (holds_memory(model.state)) sum += claimed(model);
  return sum;
}

std::uint64_t Scheduler::taken() const {
  std::uint64_t sum = 0;
  for (const Model& model : models_)
    if (holds_memory(model.state)) sum += taken(model);
  return sum;
}

bool Scheduler::all_gone() const {
  return std::ranges::none_of(models_, [](const Model& model) { return holds_memory(model.state); });
}

std::optional<Time> Scheduler::next_wakeup() const {
  std::optional<Time> first;
  const auto at = [&](Time time) {
    if (!first || time < *first) first = time;
  };
  for (const Model& model : models_) {
    for (const Waiter& waiter : model.waiters) at(waiter.deadline);
    if (model.state == State::cooling) at(model.cool_until);
    if (model.state == State::starting) at(model.started_at + options_.start_timeout);
    // Once patience has ended, the plan has acted on it, and other events continue from there.
    if (model.contended_since && model.patient_until > settled_at_) at(model.patient_until);
    const bool idle = model.state == State::ready && model.leases.empty() && !model.terms.pinned;
    if (idle && idle_timeout(model) > Span::zero()) at(model.last_used + idle_timeout(model));
  }
  return first;
}

std::optional<Standing> Scheduler::standing(Ticket ticket) const {
  const auto found = tickets_.find(ticket);
  if (found == tickets_.end()) return std::nullopt;
  const Model& model = models_[found->second];
  for (std::size_t place = 0; place < model.waiters.size(); ++place)
    if (model.waiters[place].ticket == ticket) return standing_at(model, place);
  return std::nullopt;
}

std::optional<ModelIndex> Scheduler::model_waited_for(Ticket ticket) const {
  const auto found = tickets_.find(ticket);
  if (found == tickets_.end() || models_[found->second].leases.contains(ticket)) return std::nullopt;
  return found->second;
}

// The lower, the sooner: how many answers of its sender are under way or go before it, then how long ago that sender
// was served. Equal ones go by place.
std::vector<std::pair<std::uint64_t, std::uint64_t>> Scheduler::ranks(const Model& model) const {
  boost::container::flat_map<Sender, std::uint64_t> ahead;
  for (const auto& [ticket, sender] : model.leases) ++ahead[sender];
  std::vector<std::pair<std::uint64_t, std::uint64_t>> out;
  out.reserve(model.waiters.size());
  for (const Waiter& waiter : model.waiters) {
    const auto turn = model.turns.find(waiter.sender);
    out.emplace_back(ahead[waiter.sender]++, turn == model.turns.end() ? 0 : turn->second);
  }
  return out;
}

Standing Scheduler::standing_at(const Model& model, std::size_t place) const {
  Standing standing;
  const auto all = ranks(model);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (i != place && (all[i] < all[place] || (all[i] == all[place] && i < place))) ++standing.position;
  ++standing.position;
  standing.behind = model.behind;
  using Phase = Standing::Phase;
  if (model.state == State::ready)
    standing.phase = Phase::queued;
  else if (model.state == State::starting)
    standing.phase = Phase::loading;
  else if (std::ranges::any_of(model.behind, [&](ModelIndex i) { return !models_[i].leases.empty(); }))
    standing.phase = Phase::for_answers;
  else
    standing.phase = Phase::for_room;
  return standing;
}

std::optional<ModelIndex> Scheduler::model_of(EngineRun run) const {
  for (ModelIndex i = 0; i < models_.size(); ++i)
    if (run != 0 && models_[i].run == run) return i;
  return std::nullopt;
}

}  // namespace eai::engine
