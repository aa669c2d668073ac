// The part of the scheduler that decides who gets memory. The plan is made afresh after every event from the present state,
// so that a drain which was begun for a request is called off when that request goes away.
#include <algorithm>
#include <tuple>

#include "engine/scheduler.h"

namespace eai::engine {

namespace {

// Of what the next model takes to load; a client that sends one request after another is back within this, and a longer
// pause costs that model's waiters little.
constexpr int k_linger = 16;
constexpr Span k_longest_linger = std::chrono::milliseconds(100);
// A busy model goes on while the waiting of all others together costs no more than so many loads for each request that it
// serves. Found by simulation (scheduler_cost_test.cc): a lower number makes more switches, a higher one longer waits.
constexpr int k_worth_waiting = 6;

}  // namespace

// One pass over all claims. "leaving" is memory that will become free without further decisions.
struct Scheduler::Plan {
  Plan(Scheduler& scheduler, Time time, Effects& effects)
      : owner(scheduler), now(time), out(effects), taken(scheduler.models_.size()), drain(scheduler.models_.size()) {}

  struct Excess {
    std::uint64_t bytes = 0;
    std::uint64_t models = 0;
    bool none() const { return bytes == 0 && models == 0; }
  };

  void count();
  void end_unwanted();
  void shrink();
  void serve(ModelIndex claim);
  void apply_drain();
  Excess excess_of(std::uint64_t need, std::uint64_t models) const;
  bool over() const;
  std::optional<std::vector<ModelIndex>> choose(Excess excess) const;
  bool patient(ModelIndex claim, const std::vector<ModelIndex>& victims);
  Span patience_of(const Model& claim, std::size_t users) const;
  void take(ModelIndex victim);
  void hold_place(ModelIndex claim, std::vector<ModelIndex> behind);
  std::vector<ModelIndex> on_their_way_out() const;

  Scheduler& owner;
  Time now;
  Effects& out;
  std::vector<bool> taken;  // on its way out, or promised to a claim
  std::vector<bool> drain;
  std::uint64_t used = 0, leaving = 0, reserved = 0;  // as claimed() counts
  std::uint64_t resident = 0;                         // as taken() counts, without those on their way out
  std::uint64_t staying = 0, reserved_models = 0;
};

// Nobody waits for memory and nobody has to give any back. This is the usual case, and a plan would change nothing.
bool Scheduler::at_rest() const {
  std::uint64_t bytes = 0, running = 0;
  for (const Model& model : models_) {
    const bool absent = model.state == State::absent || model.state == State::stopping;
    if (absent && !model.waiters.empty()) return false;
    if (absent || model.state == State::cooling) continue;
    if (model.state == State::draining || model.unload || model.removed || shutting_down_) return false;
    bytes += taken(model);
    ++running;
  }
  return bytes <= options_.budget && (options_.max_resident == 0 || running <= options_.max_resident);
}

void Scheduler::plan(Time now, Effects& out) {
  if (at_rest()) return;
  Plan plan(*this, now, out);
  plan.count();
  plan.end_unwanted();
  plan.shrink();
  for (const ModelIndex claim : claims()) plan.serve(claim);
  plan.apply_drain();
}

// Models that somebody waits for and that do not run, the longest wait first; on a tie the main model comes first.
std::vector<ModelIndex> Scheduler::claims() const {
  std::vector<ModelIndex> found;
  for (ModelIndex i = 0; i < models_.size(); ++i) {
    const State state = models_[i].state;
    if (!models_[i].waiters.empty() && (state == State::absent || state == State::stopping)) found.push_back(i);
  }
  std::ranges::stable_sort(
      found, {}, [&](ModelIndex i) { return std::pair(models_[i].waiters.front().arrived, !models_[i].terms.main); });
  return found;
}

std::vector<ModelIndex> Scheduler::idle_by_value() const {
  std::vector<ModelIndex> found;
  for (ModelIndex i = 0; i < models_.size(); ++i) {
    const bool idle = models_[i].state == State::ready && models_[i].leases.empty();
    if (idle || models_[i].state == State::draining) found.push_back(i);
  }
  std::ranges::sort(found, {}, [&](ModelIndex i) {
    const Model& model = models_[i];
    return std::tuple(model.state != State::draining, model.terms.pinned, model.terms.main, model.last_used);
  });
  return found;
}

Effects Scheduler::relieve(Time now) {
  Effects out;
  settle(now, out);
  const bool one_goes = std::ranges::any_of(models_, [](const Model& model) { return model.state == State::stopping; });
  const auto idle = idle_by_value();
  const auto first =
      std::ranges::find_if(idle, [&](ModelIndex i) { return models_[i].state == State::ready && !one_goes; });
  if (first != idle.end()) stop(*first, out);
  return out;
}

void Scheduler::Plan::count() {
  for (ModelIndex i = 0; i < owner.models_.size(); ++i) {
    const Model& model = owner.models_[i];
    switch (model.state) {
      case State::absent:
      case State::cooling:
        break;
      case State::stopping:
        used += owner.claimed(model);
        leaving += owner.claimed(model);
        taken[i] = true;
        break;
      case State::starting:
      case State::ready:
      case State::draining:
        used += owner.claimed(model);
        resident += owner.taken(model);
        ++staying;
        break;
    }
  }
}

// Takes models that go in any case: unloaded by hand, no longer served, or all of them at the end.
void Scheduler::Plan::end_unwanted() {
  for (ModelIndex i = 0; i < owner.models_.size(); ++i) {
    const Model& model = owner.models_[i];
    const bool unwanted = model.unload || model.removed || owner.shutting_down_;
    const bool running =
        model.state == State::starting || model.state == State::ready || model.state == State::draining;
    const bool awaited = model.state == State::starting && !model.waiters.empty();
    if (unwanted && running && !awaited) take(i);
  }
}

// Handles an excess: models that have grown, a lowered budget, or a leaving model whose successor already runs. Models that
// drain go on draining, then idle ones go until the rest fits.
void Scheduler::Plan::shrink() {
  for (const ModelIndex i : owner.idle_by_value()) {
    if (!over()) break;
    if (!taken[i]) take(i);
  }
}

// What runs takes more than there is, whatever its answers may still add.
bool Scheduler::Plan::over() const {
  const std::uint64_t limit = owner.options_.max_resident;
  return resident > owner.options_.budget || (limit > 0 && staying > limit);
}

void Scheduler::Plan::serve(ModelIndex claim) {
  Model& model = owner.models_[claim];
  if (model.terms.need > owner.options_.budget) {
    owner.refuse_all(claim, Refusal::too_large, {}, {}, out);
    return;
  }
  const std::uint64_t wanted = owner.claimed(model);
  const Excess excess = excess_of(wanted, 1);
  if (!excess.none()) {
    const auto victims = choose(excess);
    if (!victims) {  // the rest is loading, or promised to older requests
      std::vector<ModelIndex> holders;
      for (ModelIndex i = 0; i < owner.models_.size(); ++i)
        if (i != claim && owner.models_[i].state != State::absent && owner.models_[i].state != State::cooling)
          holders.push_back(i);
      hold_place(claim, std::move(holders));
      return;
    }
    if (patient(claim, *victims)) {
      hold_place(claim, *victims);
      return;
    }
    for (const ModelIndex victim : *victims) take(victim);
  }
  if (model.state == State::absent && used + wanted <= owner.options_.budget) {
    owner.start(now, claim, out);
    used += wanted;
    resident += owner.taken(model);
    ++staying;
    model.contended_since.reset();
    model.prefetched = false;
    model.behind.clear();
    return;
  }
  if (!model.prefetched) {
    model.prefetched = true;
    add(out, Prefetch{claim});
  }
  hold_place(claim, on_their_way_out());
}

// True while running models may still go on for this claim's patience.
bool Scheduler::Plan::patient(ModelIndex claim, const std::vector<ModelIndex>& victims) {
  Model& model = owner.models_[claim];
  const Span linger = std::min(model.terms.load / k_linger, k_longest_linger);
  std::size_t users = 0;
  Time idle_at = now;  // when all of them will have been idle for long enough
  for (const ModelIndex i : victims) {
    const Model& victim = owner.models_[i];
    users += victim.leases.size() + victim.waiters.size();
    if (victim.leases.empty() && victim.state == State::ready) idle_at = std::max(idle_at, victim.last_used + linger);
  }
  const bool busy = std::ranges::any_of(victims, [&](ModelIndex i) { return !owner.models_[i].leases.empty(); });
  if (!busy && idle_at <= now) return false;
  if (!model.contended_since) model.contended_since = now;
  // A model that was loaded while this one already waited has its turn all the same. Otherwise, if three models are asked for
  // all the time, none of them would answer more than the requests it found waiting.
  Time turn = *model.contended_since;
  for (const ModelIndex i : victims)
    if (!owner.models_[i].leases.empty()) turn = std::max(turn, owner.models_[i].ready_at);
  model.patient_until = turn + patience_of(model, users);
  if (!busy) model.patient_until = std::min(model.patient_until, idle_at);
  return now < model.patient_until;
}

// `users`: requests that the models which would have to go serve, or have waiting.
Span Scheduler::Plan::patience_of(const Model& claim, std::size_t users) const {
  if (claim.terms.load == Span::zero()) return owner.options_.patience;
  const auto served = static_cast<Span::rep>(std::max<std::size_t>(users, 1));
  const auto waiting = static_cast<Span::rep>(std::max<std::size_t>(claim.waiters.size(), 1));
  const Span worth = std::max(claim.terms.load * k_worth_waiting * served / waiting, claim.terms.load);
  return std::min(owner.options_.patience, worth);
}

void Scheduler::Plan::take(ModelIndex victim) {
  const Model& model = owner.models_[victim];
  taken[victim] = true;
  leaving += owner.claimed(model);
  resident -= owner.taken(model);
  --staying;
  if (model.leases.empty())
    owner.stop(victim, out);
  else
    drain[victim] = true;
}

// Later claims may only use what this one will not need.
void Scheduler::Plan::hold_place(ModelIndex claim, std::vector<ModelIndex> behind) {
  reserved += owner.claimed(owner.models_[claim]);
  ++reserved_models;
  owner.models_[claim].behind = std::move(behind);
}

std::vector<ModelIndex> Scheduler::Plan::on_their_way_out() const {
  std::vector<ModelIndex> found;
  for (ModelIndex i = 0; i < taken.size(); ++i)
    if (taken[i]) found.push_back(i);
  return found;
}

Scheduler::Plan::Excess Scheduler::Plan::excess_of(std::uint64_t need, std::uint64_t models) const {
  Excess excess;
  const std::uint64_t wanted = used - leaving + reserved + need;
  if (wanted > owner.options_.budget) excess.bytes = wanted - owner.options_.budget;
  const std::uint64_t limit = owner.options_.max_resident;
  const std::uint64_t count = staying + reserved_models + models;
  if (limit > 0 && count > limit) excess.models = count - limit;
  return excess;
}

// The cheapest set of models that makes enough room by going; nothing if even all of them are not enough.
std::optional<std::vector<ModelIndex>> Scheduler::Plan::choose(Excess excess) const {
  const auto& models = owner.models_;
  std::vector<ModelIndex> candidates;
  for (ModelIndex i = 0; i < models.size(); ++i) {
    const bool unwanted_start = models[i].state == State::starting && models[i].waiters.empty();
    if (!taken[i] && (unwanted_start || models[i].state == State::ready || models[i].state == State::draining))
      candidates.push_back(i);
  }
  // Busy models are ordered by how long they have had their turn, because a busy one is always "just used".
  std::ranges::stable_sort(candidates, {}, [&](ModelIndex i) {
    const Model& model = models[i];
    const bool busy = !model.leases.empty();
    return std::tuple(model.terms.pinned, busy, model.terms.main, busy ? model.ready_at : model.last_used);
  });
  std::vector<ModelIndex> chosen;
  std::uint64_t freed = 0;
  const auto enough = [&](std::uint64_t bytes, std::uint64_t count) {
    return bytes >= excess.bytes && count >= excess.models;
  };
  for (const ModelIndex i : candidates) {
    if (enough(freed, chosen.size())) break;
    chosen.push_back(i);
    freed += owner.claimed(models[i]);
  }
  if (!enough(freed, chosen.size())) return std::nullopt;
  // A large model that was chosen late may make smaller, more valuable ones unnecessary.
  for (std::size_t i = chosen.size(); i-- > 0;) {
    if (!enough(freed - owner.claimed(models[chosen[i]]), chosen.size() - 1)) continue;
    freed -= owner.claimed(models[chosen[i]]);
    chosen.erase(chosen.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return chosen;
}

void Scheduler::Plan::apply_drain() {
  for (ModelIndex i = 0; i < owner.models_.size(); ++i) {
    Model& model = owner.models_[i];
    if (model.state == State::ready || model.state == State::draining)
      model.state = drain[i] ? State::draining : State::ready;
  }
}

}  // namespace eai::engine
