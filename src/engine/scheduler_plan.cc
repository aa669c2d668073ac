// The part of the scheduler that decides who gets memory. The plan is made afresh after every event from the present state,
// so that a drain which was begun for a request is called off when that request goes away.
#include <algorithm>
#include <tuple>

#include "engine/scheduler.h"

namespace eai::engine {

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
  std::optional<std::vector<ModelIndex>> choose(Excess excess) const;
  bool patient(ModelIndex claim, const std::vector<ModelIndex>& victims);
  void take(ModelIndex victim);
  void hold_place(ModelIndex claim, std::vector<ModelIndex> behind);
  std::vector<ModelIndex> on_their_way_out() const;

  Scheduler& owner;
  Time now;
  Effects& out;
  std::vector<bool> taken;  // on its way out, or promised to a claim
  std::vector<bool> drain;
  std::uint64_t used = 0, leaving = 0, reserved = 0;
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
    bytes += model.terms.need;
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

void Scheduler::Plan::count() {
  for (ModelIndex i = 0; i < owner.models_.size(); ++i) {
    const Model& model = owner.models_[i];
    switch (model.state) {
      case State::absent:
      case State::cooling:
        break;
      case State::stopping:
        used += model.terms.need;
        leaving += model.terms.need;
        taken[i] = true;
        break;
      case State::starting:
      case State::ready:
      case State::draining:
        used += model.terms.need;
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

// Handles an excess: a need that turned out larger than thought, a lowered budget, or a leaving model whose successor already
// runs. Models that drain go on draining, then idle ones go until the rest fits.
void Scheduler::Plan::shrink() {
  std::vector<ModelIndex> candidates;
  for (ModelIndex i = 0; i < owner.models_.size(); ++i) {
    const Model& model = owner.models_[i];
    const bool idle = model.state == State::ready && model.leases.empty();
    if (!taken[i] && (idle || model.state == State::draining)) candidates.push_back(i);
  }
  std::ranges::sort(candidates, {}, [&](ModelIndex i) {
    const Model& model = owner.models_[i];
    return std::tuple(model.state != State::draining, model.terms.pinned, model.terms.main, model.last_used);
  });
  for (const ModelIndex i : candidates) {
    if (excess_of(0, 0).none()) break;
    take(i);
  }
}

void Scheduler::Plan::serve(ModelIndex claim) {
  Model& model = owner.models_[claim];
  if (model.terms.need > owner.options_.budget) {
    owner.refuse_all(claim, Refusal::too_large, {}, {}, out);
    return;
  }
  const Excess excess = excess_of(model.terms.need, 1);
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
  if (model.state == State::absent && used + model.terms.need <= owner.options_.budget) {
    owner.start(now, claim, out);
    used += model.terms.need;
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
  const bool busy = std::ranges::any_of(victims, [&](ModelIndex i) { return !owner.models_[i].leases.empty(); });
  if (!busy) return false;
  if (!model.contended_since) model.contended_since = now;
  // A model that was loaded while this one already waited has its turn all the same. Otherwise, if three models are asked for
  // all the time, none of them would answer more than the requests it found waiting.
  Time turn = *model.contended_since;
  for (const ModelIndex i : victims)
    if (!owner.models_[i].leases.empty()) turn = std::max(turn, owner.models_[i].ready_at);
  model.patient_until = turn + owner.options_.patience;
  return now < model.patient_until;
}

void Scheduler::Plan::take(ModelIndex victim) {
  const Model& model = owner.models_[victim];
  taken[victim] = true;
  leaving += model.terms.need;
  --staying;
  if (model.leases.empty())
    owner.stop(victim, out);
  else
    drain[victim] = true;
}

// Later claims may only use what this one will not need.
void Scheduler::Plan::hold_place(ModelIndex claim, std::vector<ModelIndex> behind) {
  reserved += owner.models_[claim].terms.need;
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
    freed += models[i].terms.need;
  }
  if (!enough(freed, chosen.size())) return std::nullopt;
  // A large model that was chosen late may make smaller, more valuable ones unnecessary.
  for (std::size_t i = chosen.size(); i-- > 0;) {
    if (!enough(freed - models[chosen[i]].terms.need, chosen.size() - 1)) continue;
    freed -= models[chosen[i]].terms.need;
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
