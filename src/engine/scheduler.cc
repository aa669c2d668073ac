#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

namespace eai::engine {

namespace {

constexpr std::size_t k_most_turns = 256;  // that are remembered of one model

}  // namespace

ModelIndex Scheduler::add_model(ModelTerms terms) {
  models_.emplace_back().terms = terms;
  return models_.size() - 1;
}

Effects Scheduler::set_terms(Time now, ModelIndex index, ModelTerms terms) {
  Effects out;
  models_[index].terms = terms;
  settle(now, out);
  return out;
}

Effects Scheduler::set_options(Time now, SchedulerOptions options) {
  Effects out;
  options_ = options;
  settle(now, out);
  return out;
}

Effects Scheduler::remove_model(Time now, ModelIndex index) {
  Effects out;
  models_[index].removed = true;
  refuse_all(index, Refusal::removed, {}, {}, out);
  settle(now, out);
  return out;
}

Effects Scheduler::return_model(Time now, ModelIndex index) {
  Effects out;
  models_[index].removed = false;
  settle(now, out);
  return out;
}

Effects Scheduler::request(Time now, Ticket ticket, ModelIndex index, Time deadline, Sender sender) {
  Effects out;
  settle(now, out);  // what was due before this request
  Model& model = models_[index];
  const auto refuse = [&](Refusal why, Span retry_after, std::string words) {
    add(out, Refuse{ticket, index, why, retry_after, std::move(words), {}});
    return std::move(out);
  };
  if (shutting_down_) return refuse(Refusal::shutting_down, {}, {});
  if (model.removed) return refuse(Refusal::removed, {}, {});
  if (model.state == State::cooling) return refuse(Refusal::cooling, model.cool_until - now, model.last_words);
  if (model.terms.need > options_.budget && !holds_memory(model.state)) return refuse(Refusal::too_large, {}, {});
  const bool at_once = model.state == State::ready && model.leases.size() < model.terms.slots;
  const bool full = !at_once && model.waiters.size() >= model.terms.queue_limit;
  if (full && !make_room_for(sender, index, out)) return refuse(Refusal::queue_full, std::chrono::seconds(1), {});
  model.waiters.push_back({ticket, sender, now, deadline});
  tickets_.emplace(ticket, index);
  settle(now, out);
  return out;
}

Effects Scheduler::leave(Time now, Ticket ticket) {
  Effects out;
  const auto found = tickets_.find(ticket);
  if (found == tickets_.end()) return out;
  Model& model = models_[found->second];
  tickets_.erase(found);
  if (model.leases.erase(ticket) > 0) {
    model.last_used = now;
    model.failures = 0;
  } else {
    std::erase_if(model.waiters, [&](const Waiter& waiter) { return waiter.ticket == ticket; });
  }
  settle(now, out);
  return out;
}

Effects Scheduler::unload(Time now, ModelIndex index) {
  Effects out;
  if (holds_memory(models_[index].state)) models_[index].unload = true;
  settle(now, out);
  return out;
}

Effects Scheduler::ready(Time now, EngineRun run) {
  Effects out;
  const auto index = model_of(run);
  if (index && models_[*index].state == State::starting) {
    Model& model = models_[*index];
    model.state = State::ready;
    model.ready_at = model.last_used = now;
  }
  settle(now, out);
  return out;
}

Effects Scheduler::exited(Time now, EngineRun run, std::string words) {
  Effects out;
  const auto index = model_of(run);
  if (!index || !holds_memory(models_[*index].state)) return out;
  Model& model = models_[*index];
  const State was = std::exchange(model.state, State::absent);
  model.unload = false;
  for (const auto& [ticket, sender] : model.leases) {
    tickets_.erase(ticket);
    add(out, LoseLease{ticket});
  }
  model.leases.clear();
  if (was == State::stopping) {
    if (std::exchange(model.cool_after_stop, false)) cool(now, model);
  } else {
    model.last_words = std::move(words);
    // One that was ready and ended may have ended by a request, and starts again at once for the others.
    if (was == State::starting) {
      ++model.failures;
      cool(now, model);
      refuse_all(*index, Refusal::start_failed, model.cool_until - now, model.last_words, out);
    }
  }
  settle(now, out);
  return out;
}

Effects Scheduler::tick(Time now) {
  Effects out;
  settle(now, out);
  return out;
}

Effects Scheduler::shut_down(Time now) {
  Effects out;
  shutting_down_ = true;
  for (ModelIndex i = 0; i < models_.size(); ++i) refuse_all(i, Refusal::shutting_down, {}, {}, out);
  settle(now, out);
  return out;
}

Effects Scheduler::stop_now(Time now) {
  Effects out = shut_down(now);
  for (ModelIndex i = 0; i < models_.size(); ++i) {
    Model& model = models_[i];
    for (const auto& [ticket, sender] : model.leases) {
      tickets_.erase(ticket);
      add(out, LoseLease{ticket});
    }
    model.leases.clear();
    if (holds_memory(model.state) && model.state != State::stopping) stop(i, out);
  }
  return out;
}

void Scheduler::refuse_all(ModelIndex index, Refusal why, Span retry_after, const std::string& words, Effects& out) {
  Model& model = models_[index];
  for (std::size_t place = 0; place < model.waiters.size(); ++place) {
    const Ticket ticket = model.waiters[place].ticket;
    add(out, Refuse{ticket, index, why, retry_after, words, standing_at(model, place)});
    tickets_.erase(ticket);
  }
  model.waiters.clear();
}

void Scheduler::cool(Time now, Model& model) {
  Span span = options_.cool_first;
  for (int i = 1; i < model.failures && span < options_.cool_longest; ++i) span *= 2;
  model.state = State::cooling;
  model.cool_until = now + std::min(span, options_.cool_longest);
}

void Scheduler::start(Time now, ModelIndex index, Effects& out) {
  Model& model = models_[index];
  model.state = State::starting;
  model.run = ++last_run_;
  model.started_at = now;
  model.unload = false;
  add(out, StartEngine{index, model.run});
}

void Scheduler::stop(ModelIndex index, Effects& out) {
  Model& model = models_[index];
  model.state = State::stopping;
  model.unload = false;
  add(out, StopEngine{index, model.run});
}

// What happens by the passing of time alone: deadlines, ends of cooling, starts that take too long.
void Scheduler::expire(Time now, Effects& out) {
  for (ModelIndex i = 0; i < models_.size(); ++i) {
    Model& model = models_[i];
    for (std::size_t place = 0; place < model.waiters.size(); ++place) {
      if (model.waiters[place].deadline > now) continue;
      const Ticket ticket = model.waiters[place].ticket;
      add(out, Refuse{ticket, i, Refusal::deadline, {}, {}, standing_at(model, place)});
      tickets_.erase(ticket);
    }
    std::erase_if(model.waiters, [&](const Waiter& waiter) { return waiter.deadline <= now; });
    if (model.state == State::cooling && model.cool_until <= now) model.state = State::absent;
    if (model.state == State::starting && model.started_at + options_.start_timeout <= now) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.start_timeout).count();
      model.last_words = "it was not ready after " + std::to_string(seconds) + " s";
      ++model.failures;
      model.cool_after_stop = true;
      refuse_all(i, Refusal::start_failed, options_.cool_first, model.last_words, out);
      stop(i, out);
    }
    if (model.waiters.empty()) {
      model.contended_since.reset();
      model.prefetched = false;
      model.behind.clear();
    }
  }
}

void Scheduler::grant(Time now, Effects& out) {
  for (ModelIndex i = 0; i < models_.size(); ++i) {
    Model& model = models_[i];
    if (model.state != State::ready) continue;
    while (!model.waiters.empty() && model.leases.size() < model.terms.slots) {
      const auto next = model.waiters.begin() + static_cast<std::ptrdiff_t>(next_in_turn(model));
      const auto [ticket, sender, arrived, deadline] = *next;
      model.waiters.erase(next);
      model.leases.emplace(ticket, sender);
      if (model.turns.size() >= k_most_turns) model.turns.clear();
      model.turns[sender] = ++grants_;
      model.last_used = now;
      add(out, Grant{ticket, i, model.run});
    }
  }
}

std::size_t Scheduler::next_in_turn(const Model& model) const {
  if (model.waiters.size() == 1) return 0;
  const auto all = ranks(model);
  return static_cast<std::size_t>(std::ranges::min_element(all) - all.begin());
}

bool Scheduler::make_room_for(Sender sender, ModelIndex index, Effects& out) {
  Model& model = models_[index];
  boost::container::flat_map<Sender, std::size_t> waiting;
  for (const Waiter& waiter : model.waiters) ++waiting[waiter.sender];
  const std::size_t own = waiting[sender];
  const auto [from, most] = *std::ranges::max_element(waiting, {}, [](const auto& one) { return one.second; });
  if (own + 1 >= most) return false;
  for (std::size_t place = model.waiters.size(); place-- > 0;) {
    if (model.waiters[place].sender != from) continue;
    const Ticket ticket = model.waiters[place].ticket;
    add(out, Refuse{ticket, index, Refusal::queue_full, std::chrono::seconds(1), {}, standing_at(model, place)});
    tickets_.erase(ticket);
    model.waiters.erase(model.waiters.begin() + static_cast<std::ptrdiff_t>(place));
    return true;
  }
  return false;
}

void Scheduler::unload_idle(Time now, Effects& out) {
  for (ModelIndex i = 0; i < models_.size(); ++i) {
    const Model& model = models_[i];
    const bool idle = model.state == State::ready && model.leases.empty() && !model.terms.pinned;
    const Span limit = idle_timeout(model);
    if (idle && limit > Span::zero() && model.last_used + limit <= now) stop(i, out);
  }
}

void Scheduler::settle(Time now, Effects& out) {
  settled_at_ = now;
  expire(now, out);
  grant(now, out);
  plan(now, out);
  grant(now, out);  // models whose draining was called off
  unload_idle(now, out);
}

}  // namespace eai::engine
