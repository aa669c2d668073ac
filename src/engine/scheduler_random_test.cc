// Random orders of events against a world on paper; what the header promises is checked after every one of them.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "engine/scheduler.h"

namespace eai::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

enum class Engine { starting, ready, stopping };

struct World {
  explicit World(unsigned seed) : random(seed), scheduler(options()) {
    const int count = pick(2, 5);
    for (int i = 0; i < count; ++i)
      scheduler.add_model({.need = static_cast<std::uint64_t>(pick(1, 12)),
                           .slots = static_cast<std::uint32_t>(pick(1, 3)),
                           .queue_limit = static_cast<std::uint32_t>(pick(1, 8)),
                           .main = i == 0,
                           .pinned = pick(0, 4) == 0,
                           .load = milliseconds(pick(0, 1) * pick(0, 3000)),
                           .held = static_cast<std::uint64_t>(pick(0, 1) * pick(1, 12)),
                           .growth = static_cast<std::uint64_t>(pick(0, 4))});
  }

  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); }

  SchedulerOptions options() {
    return {.budget = 10,
            .max_resident = pick(0, 3) == 0 ? 1u : 0u,
            .patience = seconds(10),
            .start_timeout = seconds(60),
            .idle_timeout = seconds(pick(0, 1) * 100)};
  }

  void take(const Effects& effects) {
    for (const Effect& effect : effects) std::visit([this](const auto& e) { apply(e); }, effect);
    check();
  }
  void apply(const StartEngine& e) {
    ASSERT_TRUE(engines.emplace(e.run, std::pair(e.model, Engine::starting)).second);
    for (const auto& [run, engine] : engines)
      ASSERT_TRUE(run == e.run || engine.first != e.model) << "two engines of one model";
  }
  void apply(const StopEngine& e) {
    ASSERT_TRUE(engines.contains(e.run));
    ASSERT_NE(engines.at(e.run).second, Engine::stopping) << "stopped twice";
    for (const auto& [ticket, lease] : leases) ASSERT_NE(lease.second, e.run) << "a leased engine was stopped";
    engines.at(e.run).second = Engine::stopping;
  }
  void apply(const Grant& e) {
    ASSERT_EQ(waiting.erase(e.ticket), 1u) << "granted what did not wait";
    ASSERT_TRUE(engines.contains(e.run));
    ASSERT_EQ(engines.at(e.run).second, Engine::ready) << "a lease on an engine that is not ready";
    ASSERT_EQ(engines.at(e.run).first, e.model);
    leases.emplace(e.ticket, std::pair(e.model, e.run));
  }
  void apply(const Refuse& e) { ASSERT_EQ(waiting.erase(e.ticket), 1u) << "refused what did not wait"; }
  void apply(const LoseLease& e) { ASSERT_EQ(leases.erase(e.ticket), 1u); }
  void apply(const Prefetch&) {}

  void check() {
    std::uint64_t sum = 0;
    for (const auto& [run, engine] : engines) {
      const ModelTerms& terms = scheduler.terms(engine.first);
      sum += terms.held == 0 ? terms.need : std::min(terms.held, terms.need);
    }
    ASSERT_EQ(sum, scheduler.taken());
    ASSERT_LE(sum, scheduler.options().budget) << "over budget";
    for (ModelIndex i = 0; i < scheduler.size(); ++i) {
      const auto held = std::ranges::count_if(leases, [&](const auto& lease) { return lease.second.first == i; });
      ASSERT_EQ(static_cast<std::size_t>(held), scheduler.leases(i));
      ASSERT_LE(scheduler.leases(i), scheduler.terms(i).slots);
      const auto queued = std::ranges::count_if(waiting, [&](const auto& waiter) { return waiter.second.first == i; });
      ASSERT_EQ(static_cast<std::size_t>(queued), scheduler.waiting(i));
      const bool free_slot = scheduler.state(i) == State::ready && scheduler.leases(i) < scheduler.terms(i).slots;
      ASSERT_FALSE(free_slot && scheduler.waiting(i) > 0) << "a ready model with a free slot let somebody wait";
    }
    for (const auto& [ticket, waiter] : waiting) ASSERT_GT(waiter.second, now) << "waits past its deadline";
  }

  void request() {
    const auto model = static_cast<ModelIndex>(pick(0, static_cast<int>(scheduler.size()) - 1));
    const Ticket ticket = ++last;
    const Time deadline = now + seconds(pick(0, 200));
    waiting.emplace(ticket, std::pair(model, deadline));
    take(scheduler.request(now, ticket, model, deadline));
  }
  template <typename Map>
  std::optional<typename Map::key_type> any_of(const Map& map) {
    if (map.empty()) return std::nullopt;
    return std::next(map.begin(), pick(0, static_cast<int>(map.size()) - 1))->first;
  }
  void give_back() {
    if (const auto ticket = any_of(leases)) {
      leases.erase(*ticket);
      take(scheduler.leave(now, *ticket));
    }
  }
  void cancel() {
    if (const auto ticket = any_of(waiting)) {
      waiting.erase(*ticket);
      take(scheduler.leave(now, *ticket));
    }
  }
  void engine_moves() {
    const auto run = any_of(engines);
    if (!run) return;
    if (engines.at(*run).second == Engine::starting && pick(0, 5) > 0) {
      engines.at(*run).second = Engine::ready;
      take(scheduler.ready(now, *run));
    } else if (engines.at(*run).second != Engine::ready || pick(0, 9) == 0) {
      engines.erase(*run);
      take(scheduler.exited(now, *run, "gone"));
    }
  }
  void pass(Span span) {
    const Time end = now + span;
    int wakeups = 0;
    for (auto next = scheduler.next_wakeup(); next && *next <= end; next = scheduler.next_wakeup()) {
      now = std::max(now, *next);
      take(scheduler.tick(now));
      ASSERT_LT(++wakeups, 1000) << "wakes up without end";
    }
    now = end;
    take(scheduler.tick(now));
  }
  void step() {
    const int kind = pick(0, 99);
    if (kind < 35)
      request();
    else if (kind < 55)
      give_back();
    else if (kind < 60)
      cancel();
    else if (kind < 80)
      engine_moves();
    else if (kind < 98)
      pass(milliseconds(pick(1, 4000)));
    else if (kind < 99)
      take(scheduler.unload(now, static_cast<ModelIndex>(pick(0, static_cast<int>(scheduler.size()) - 1))));
    else
      pass(seconds(pick(1, 150)));
  }
  // From here on nothing new comes: all that runs ends well, and nobody may be left waiting.
  void settle_down() {
    for (int i = 0; i < 400 && !(waiting.empty() && leases.empty()); ++i) {
      const auto copy = engines;
      for (const auto& [run, engine] : copy) {
        if (engine.second == Engine::starting) {
          engines.at(run).second = Engine::ready;
          take(scheduler.ready(now, run));
        } else if (engine.second == Engine::stopping) {
          engines.erase(run);
          take(scheduler.exited(now, run, "stopped"));
        }
      }
      give_back();
      pass(seconds(1));
    }
    ASSERT_TRUE(waiting.empty()) << "somebody waits for ever";
  }

  std::mt19937 random;
  Scheduler scheduler;
  Time now{std::chrono::hours(1)};
  Ticket last = 0;
  std::map<EngineRun, std::pair<ModelIndex, Engine>> engines;
  std::map<Ticket, std::pair<ModelIndex, EngineRun>> leases;
  std::map<Ticket, std::pair<ModelIndex, Time>> waiting;
};

TEST(SchedulerRandom, PromisesHoldInAnyOrderOfEvents) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    World world(seed);
    for (int i = 0; i < 120 && !::testing::Test::HasFatalFailure(); ++i) world.step();
    if (!::testing::Test::HasFatalFailure()) world.settle_down();
    ASSERT_FALSE(::testing::Test::HasFatalFailure()) << "seed " << seed;
  }
}

// Closed loop: each client asks, is answered in 100 ms, asks again; a load takes 1 s. Returns switches and longest wait.
struct Outcome {
  int starts = 0;
  Span longest{};
  int answered = 0;
};

struct Client {
  Ticket ticket = 0;
  Time asked{};
  std::optional<Time> done;  // of the running answer
};

// `first_come`: no request is looked at before the one that came before it was granted. `shares`: how often each model is
// asked for.
Outcome closed_loop(bool first_come, const std::vector<double>& shares, unsigned seed, std::size_t count = 4) {
  std::mt19937 random(seed);
  std::discrete_distribution<ModelIndex> wanted(shares.begin(), shares.end());
  Scheduler scheduler({.budget = 10, .patience = first_come ? Span::zero() : Span(seconds(10))});
  for (std::size_t i = 0; i < shares.size(); ++i) scheduler.add_model({.need = 8, .slots = 4});
  std::vector<Client> clients(count);
  std::map<EngineRun, Time> loading, leaving;
  Time now{std::chrono::hours(1)};
  Outcome outcome;
  Ticket last = 0;
  const auto take = [&](const Effects& effects) {
    for (const Effect& effect : effects) {
      if (const auto* start = std::get_if<StartEngine>(&effect)) {
        loading[start->run] = now + seconds(1);
        ++outcome.starts;
      }
      if (const auto* stop = std::get_if<StopEngine>(&effect)) leaving[stop->run] = now + milliseconds(20);
      if (const auto* grant = std::get_if<Grant>(&effect))
        for (Client& client : clients)
          if (client.ticket == grant->ticket) {
            client.done = now + milliseconds(100);
            outcome.longest = std::max(outcome.longest, now - client.asked);
          }
    }
  };
  const auto due = [&](std::map<EngineRun, Time>& map) {
    std::vector<EngineRun> runs;
    for (const auto& [run, at] : map)
      if (at <= now) runs.push_back(run);
    for (const EngineRun run : runs) map.erase(run);
    return runs;
  };
  while (outcome.answered < 240) {
    for (Client& client : clients) {
      if (client.done && *client.done <= now) {
        client.done.reset();
        ++outcome.answered;
        take(scheduler.leave(now, std::exchange(client.ticket, 0)));
      }
      if (client.ticket == 0) {
        client.ticket = ++last;
        client.asked = now;
        take(scheduler.request(now, client.ticket, wanted(random), now + seconds(600)));
      }
    }
    for (const EngineRun run : due(loading)) take(scheduler.ready(now, run));
    for (const EngineRun run : due(leaving)) take(scheduler.exited(now, run, "stopped"));
    take(scheduler.tick(now));
    now += milliseconds(1);
  }
  return outcome;
}

TEST(SchedulerRandom, FewerSwitchesThanFirstComeFirstServedAndBounded) {
  int ours = 0, theirs = 0;
  for (unsigned seed = 0; seed < 8; ++seed) {
    const Outcome batched = closed_loop(false, {1, 1}, seed);
    ours += batched.starts;
    theirs += closed_loop(true, {1, 1}, seed).starts;
    // Patience, one answer of drain, stop, one load.
    EXPECT_LE(batched.longest, seconds(10) + milliseconds(100 + 20 + 1000 + 10));
  }
  EXPECT_LT(ours, theirs);
  RecordProperty("switches", ours);
  RecordProperty("switches_first_come", theirs);
}

TEST(SchedulerRandom, ThreeModelsSwitchLessToo) {
  int ours = 0, theirs = 0;
  for (unsigned seed = 0; seed < 4; ++seed) {
    const Outcome batched = closed_loop(false, {1, 1, 1}, seed, 24);
    ours += batched.starts;
    theirs += closed_loop(true, {1, 1, 1}, seed, 24).starts;
    // A turn of each of the others, and its own load.
    EXPECT_LE(batched.longest, 2 * (seconds(10) + milliseconds(100 + 20 + 1000 + 10)) + seconds(2));
  }
  EXPECT_LT(ours, theirs);
  RecordProperty("switches", ours);
  RecordProperty("switches_first_come", theirs);
}

TEST(SchedulerRandom, ARareModelIsServedInTimeUnderHeavyTraffic) {
  for (unsigned seed = 0; seed < 4; ++seed)
    EXPECT_LE(closed_loop(false, {97, 3}, seed).longest, seconds(10) + milliseconds(100 + 20 + 1000 + 10));
}

}  // namespace
}  // namespace eai::engine
