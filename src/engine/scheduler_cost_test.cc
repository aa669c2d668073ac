// Turns by what a switch costs: clients on paper that ask for one of two models after each answer, of which one fits.
#include <functional>
#include <map>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "engine/scheduler_testing.h"

namespace eai::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Mix {
  Span load;    // of a model
  Span answer;  // of one request that is alone
  int clients = 4, requests = 15;
  int own_percent = 0;  // how often a client stays with the model that it had before
};

struct Outcome {
  double switches = 0, longest = 0;  // seconds
};

Span share_of(Span span, double share) {
  return std::chrono::duration_cast<Span>(std::chrono::duration<double>(span) * share);
}

// Clients that wait for each answer before they ask again, two to six milliseconds later.
class Crowd {
 public:
  Crowd(const Mix& mix, bool load_is_known, unsigned seed)
      : mix_(mix), random_(seed), scheduler_({.budget = 10, .idle_timeout = Span::zero()}) {
    for (int i = 0; i < 2; ++i)
      scheduler_.add_model({.need = 10, .slots = 4, .load = load_is_known ? mix.load : Span::zero()});
    for (int i = 0; i < mix.clients; ++i) clients_.push_back({pick(2), mix.requests});
  }

  Outcome run() {
    for (std::size_t i = 0; i < clients_.size(); ++i) ask_soon(i);
    while (!asked_by_.empty() || !events_.empty()) {
      const auto wakeup = scheduler_.next_wakeup();
      if (!wakeup && events_.empty()) break;
      if (wakeup && (events_.empty() || *wakeup < events_.begin()->first)) {
        now_ = std::max(now_, *wakeup);
        take(scheduler_.tick(now_));
        continue;
      }
      now_ = std::max(now_, events_.begin()->first);
      const auto event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      event();
    }
    for (const Client& client : clients_) EXPECT_EQ(client.left, 0);
    return outcome_;
  }

 private:
  struct Client {
    std::size_t model = 0;
    int left = 0;  // requests
    Time asked{};
  };

  std::size_t pick(std::size_t count) { return random_() % count; }
  void later(Span span, std::function<void()> event) { events_.emplace(now_ + span, std::move(event)); }

  void ask_soon(std::size_t index) {
    Client& client = clients_[index];
    if (client.left == 0) return;
    if (pick(100) >= static_cast<std::size_t>(mix_.own_percent)) client.model = pick(2);
    later(milliseconds(2 + pick(5)), [this, index] {
      clients_[index].asked = now_;
      const Ticket ticket = ++last_;
      asked_by_[ticket] = index;
      take(scheduler_.request(now_, ticket, clients_[index].model, now_ + k_long, index));
    });
  }

  void take(const Effects& effects) {
    for (const Effect& effect : effects) {
      if (const auto* start = std::get_if<StartEngine>(&effect)) {
        ++outcome_.switches;
        later(mix_.load, [this, run = start->run] { take(scheduler_.ready(now_, run)); });
      } else if (const auto* stop = std::get_if<StopEngine>(&effect)) {
        later(milliseconds(30), [this, run = stop->run] { take(scheduler_.exited(now_, run, {})); });
      } else if (const auto* grant = std::get_if<Grant>(&effect)) {
        const double together = static_cast<double>(scheduler_.leases(grant->model));
        const double luck = 0.8 + 0.4 * static_cast<double>(pick(1000)) / 1000;
        later(share_of(mix_.answer, (0.7 + 0.3 * together) * luck),
              [this, ticket = grant->ticket] { answered(ticket); });
      }
    }
  }

  void answered(Ticket ticket) {
    const std::size_t index = asked_by_.at(ticket);
    asked_by_.erase(ticket);
    const std::chrono::duration<double> waited = now_ - clients_[index].asked;
    outcome_.longest = std::max(outcome_.longest, waited.count());
    --clients_[index].left;
    take(scheduler_.leave(now_, ticket));
    ask_soon(index);
  }

  Mix mix_;
  std::mt19937 random_;
  Scheduler scheduler_;
  Time now_{std::chrono::hours(1)};
  std::multimap<Time, std::function<void()>> events_;
  std::vector<Client> clients_;
  std::map<Ticket, std::size_t> asked_by_;
  Ticket last_ = 0;
  Outcome outcome_;
};

Outcome mean_of(const Mix& mix, bool load_is_known) {
  constexpr int k_traces = 40;
  Outcome sum;
  for (unsigned seed = 1; seed <= k_traces; ++seed) {
    const Outcome one = Crowd(mix, load_is_known, seed).run();
    sum.switches += one.switches / k_traces;
    sum.longest += one.longest / k_traces;
  }
  return sum;
}

TEST(SchedulerCost, WhoKnowsWhatASwitchCostsMakesFewerAndWaitsLess) {
  const Mix mix{.load = milliseconds(1200), .answer = seconds(2)};
  const Outcome blind = mean_of(mix, false), knowing = mean_of(mix, true);
  RecordProperty("blind", std::to_string(blind.switches) + " switches, " + std::to_string(blind.longest) + " s");
  RecordProperty("knowing", std::to_string(knowing.switches) + " switches, " + std::to_string(knowing.longest) + " s");
  EXPECT_LT(knowing.switches, blind.switches * 0.97);
  EXPECT_LT(knowing.longest, blind.longest * 0.97);
}

TEST(SchedulerCost, TheGapBetweenTwoRequestsOfOneClientIsNoEnd) {
  const Mix mix{.load = milliseconds(1200), .answer = seconds(2), .clients = 2, .own_percent = 100};
  const Outcome blind = mean_of(mix, false), knowing = mean_of(mix, true);
  EXPECT_LT(knowing.switches, blind.switches / 2);
  EXPECT_LT(knowing.longest, 12) << "patience, the answer under way, the load and the own answer";
}

TEST(SchedulerCost, AModelThatLoadsSlowlyIsLeftLessOften) {
  const Mix mix{.load = seconds(6), .answer = seconds(2)};
  const Outcome blind = mean_of(mix, false), knowing = mean_of(mix, true);
  EXPECT_LT(knowing.switches, blind.switches * 0.9);
  EXPECT_LT(knowing.longest, blind.longest);
}

TEST(SchedulerCost, ManyWhoWaitEndATurnSooner) {
  World w({.budget = 10});
  const auto a = w.scheduler.add_model({.need = 10, .slots = 2});
  const auto b = w.scheduler.add_model({.need = 10, .slots = 2, .load = milliseconds(500)});
  w.bring_up(a);
  w.ask(a);
  w.ask(b);
  w.pass(milliseconds(2900));
  EXPECT_EQ(w.state(a), State::ready) << "one waits for one: six loads";
  w.pass(milliseconds(200));
  EXPECT_EQ(w.state(a), State::draining);

  World many({.budget = 10});
  const auto c = many.scheduler.add_model({.need = 10, .slots = 2});
  const auto d = many.scheduler.add_model({.need = 10, .slots = 2, .load = milliseconds(500)});
  many.bring_up(c);
  many.ask(c);
  for (int i = 0; i < 3; ++i) many.ask(d);
  many.pass(milliseconds(1100));
  EXPECT_EQ(many.state(c), State::draining) << "three wait for one: two loads";
}

TEST(SchedulerCost, AModelThatWasIdleForLongGoesAtOnce) {
  World w({.budget = 10});
  const auto a = w.scheduler.add_model({.need = 10});
  const auto b = w.scheduler.add_model({.need = 10, .load = seconds(1)});
  w.bring_up(a);
  w.pass(milliseconds(63));
  w.ask(b);
  EXPECT_EQ(w.stops, std::vector{a});
}

TEST(SchedulerCost, AModelThatAnsweredAMomentAgoLingers) {
  World w({.budget = 10});
  const auto a = w.scheduler.add_model({.need = 10});
  const auto b = w.scheduler.add_model({.need = 10, .load = seconds(1)});
  w.bring_up(a);
  w.ask(b);
  EXPECT_TRUE(w.stops.empty());
  const auto again = w.ask(a);
  EXPECT_TRUE(w.has(again));
  w.leave(again);
  w.pass(milliseconds(63));
  EXPECT_EQ(w.stops, std::vector{a});
}

}  // namespace
}  // namespace eai::engine
