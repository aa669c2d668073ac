// Why: what the tests of the scheduler share: a world that carries out its effects on paper.
// Thread: one.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/scheduler.h"

namespace eai::engine {

inline constexpr std::chrono::seconds k_long{1000};

// Carries out effects on paper: what was granted, refused, started and stopped, at a time that only moves when told.
struct World {
  explicit World(SchedulerOptions options) : scheduler(options) {}

  ModelIndex model(std::uint64_t need, std::uint32_t slots = 2) {
    return scheduler.add_model({.need = need, .slots = slots});
  }

  void take(Effects effects) {
    for (Effect& effect : effects) {
      if (auto* start = std::get_if<StartEngine>(&effect)) starts.push_back(start->model);
      if (auto* stop = std::get_if<StopEngine>(&effect)) stops.push_back(stop->model);
      if (auto* grant = std::get_if<Grant>(&effect)) granted.push_back(grant->ticket);
      if (auto* lost = std::get_if<LoseLease>(&effect)) lost_leases.push_back(lost->ticket);
      if (auto* prefetch = std::get_if<Prefetch>(&effect)) prefetched.push_back(prefetch->model);
      if (auto* refuse = std::get_if<Refuse>(&effect)) refused.emplace(refuse->ticket, *refuse);
    }
  }
  Ticket ask(ModelIndex index, Span deadline = k_long) { return ask_as(0, index, deadline); }
  Ticket ask_as(Sender sender, ModelIndex index, Span deadline = k_long) {
    const Ticket ticket = ++last;
    take(scheduler.request(now, ticket, index, now + deadline, sender));
    return ticket;
  }
  void leave(Ticket ticket) { take(scheduler.leave(now, ticket)); }
  void ready(ModelIndex index) { take(scheduler.ready(now, scheduler.run(index))); }
  void exited(ModelIndex index, std::string words = "exit") {
    take(scheduler.exited(now, scheduler.run(index), std::move(words)));
  }
  // Moves time on, waking the scheduler exactly when it asked for it.
  void pass(Span span) {
    const Time end = now + span;
    for (auto next = scheduler.next_wakeup(); next && *next <= end; next = scheduler.next_wakeup()) {
      now = std::max(now, *next);
      take(scheduler.tick(now));
      if (scheduler.next_wakeup() == next) break;  // would spin
    }
    EXPECT_TRUE(!scheduler.next_wakeup() || *scheduler.next_wakeup() > end) << "a wake-up that does nothing";
    now = end;
  }
  // A ready, idle engine.
  void bring_up(ModelIndex index) {
    const Ticket ticket = ask(index);
    ready(index);
    leave(ticket);
    EXPECT_EQ(scheduler.state(index), State::ready);
  }
  bool has(Ticket ticket) const { return std::ranges::count(granted, ticket) > 0; }
  State state(ModelIndex index) const { return scheduler.state(index); }

  Scheduler scheduler;
  Time now{std::chrono::hours(1)};
  Ticket last = 0;
  std::vector<ModelIndex> starts, stops, prefetched;
  std::vector<Ticket> granted, lost_leases;
  std::map<Ticket, Refuse> refused;
};

}  // namespace eai::engine
