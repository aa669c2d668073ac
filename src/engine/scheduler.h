// Why: all decisions of the server in one place: which model is resident, which one goes, who may use one now, who waits and
// for how long. Nothing here knows a process, a socket or a clock. Events and times come in, effects go out, so that a test
// can try every order of events.
// Thread: one owner; a plain object.
// What holds after every call:
//   - when a model starts, what all that hold memory (starting, ready, draining, stopping) take, together with what their
//     answers under way may still add, is at most the budget. If what they take by itself comes to more, because answers
//     grew or the budget was lowered, idle models go until it does not;
//   - a model with a lease is never stopped, except by stop_now();
//   - a lease is only given on an engine that is ready in that moment, and requests for one model share one start;
//   - those who wait for a ready model never wait for another model's load;
//   - senders take turns: of those who wait for a slot, the sender with the fewest answers under way is next, then the one
//     that was served least recently; requests of one sender go in the order in which they came. A full queue gives up
//     the latest request of the sender with the most in it for one with fewer;
//   - waits are bounded: when a request needs the place of a busy model, that model admits new requests for at most
//     `patience`, and for less if the waiting would cost more than the switch (k_worth_waiting); then it gets no new lease,
//     and goes when its running leases have ended. If several models wait, each gets a turn of this length once it is
//     loaded, in the order in which they were first asked for;
//   - a model that answered a moment ago (k_linger) is not idle yet: its clients may be about to ask for more;
//   - every request ends: it is granted, refused with a reason, or taken back by its owner.
// Who goes first when room is needed: idle models before busy ones, and among the idle ones the least recently used first; the
// main model after the others; pinned models last of all, even after busy ones that are not pinned.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>

namespace eai::engine {

enum class State { absent, starting, ready, draining, stopping, cooling };
std::string_view name_of(State state);
inline bool holds_memory(State state) { return state != State::absent && state != State::cooling; }

using Time = std::chrono::steady_clock::time_point;
using Span = std::chrono::steady_clock::duration;
using ModelIndex = std::size_t;   // in the order of add_model()
using Ticket = std::uint64_t;     // one request: first its wait, then its lease; chosen by the caller, never reused
using Sender = std::uint64_t;     // who asks; chosen by the caller
using EngineRun = std::uint64_t;  // one start of one engine; events of an older run are ignored

struct ModelTerms {
  std::uint64_t need = 0;           // bytes once its context is full
  std::uint32_t slots = 1;          // leases at the same time
  std::uint32_t queue_limit = 256;  // waiting requests
  bool main = false;
  bool pinned = false;                              // goes last and is not unloaded when idle
  std::optional<Span> idle_timeout = std::nullopt;  // instead of the scheduler's; 0: never unloaded for idleness
  Span load{};                                      // that its latest start took; 0: not known
  std::uint64_t held = 0;    // bytes that it takes now, or will take when it has just started; 0: as many as it needs
  std::uint64_t growth = 0;  // bytes by which one answer may be expected to raise that
};

struct SchedulerOptions {
  std::uint64_t budget = 0;        // bytes for all engines together
  std::uint32_t max_resident = 0;  // models at a time; 0: as many as fit. A leaving one does not count if bytes allow
  Span patience = std::chrono::seconds(10);
  Span start_timeout = std::chrono::seconds(600);
  Span idle_timeout = std::chrono::minutes(30);  // 0: never unloaded for idleness
  Span cool_first = std::chrono::seconds(5);     // after a failed start; doubles with each further one
  Span cool_longest = std::chrono::seconds(60);
};

enum class Refusal {
  too_large,  // needs more than the whole budget
  queue_full,
  deadline,      // the request's own; see `standing`
  start_failed,  // `words`: why
  cooling,       // an earlier start failed, `words`: why; tried again after `retry_after`
  removed,       // the model is no longer served
  shutting_down,
};

// Where a waiting request stands, for the people who wait.
struct Standing {
  enum class Phase {
    queued,       // its model is ready, all slots are taken
    loading,      // its model is starting
    for_answers,  // until running answers of `behind` end
    for_room,     // until the models `behind` have gone, or started
  };
  Phase phase = Phase::queued;
  int position = 0;  // among the waiters of its model, 1 = next
  std::vector<ModelIndex> behind;
};

struct StartEngine {
  ModelIndex model;
  EngineRun run;
};
struct StopEngine {
  ModelIndex model;
  EngineRun run;
};  // answered by exited()
struct Grant {
  Ticket ticket;
  ModelIndex model;
  EngineRun run;
};
struct Refuse {
  Ticket ticket;
  ModelIndex model;
  Refusal why;
  Span retry_after{};  // 0: asking again will not help soon
  std::string words;
  Standing standing;
};
struct LoseLease {
  Ticket ticket;
};  // its engine is gone; leave() must still be called
struct Prefetch {
  ModelIndex model;
};  // it starts as soon as another has gone
using Effect = std::variant<StartEngine, StopEngine, Grant, Refuse, LoseLease, Prefetch>;
using Effects = boost::container::small_vector<Effect, 2>;  // mostly there is one

// Built in place, because g++ 12 gives a wrong warning if a variant is moved in from a temporary.
template <typename E>
void add(Effects& effects, E effect) {
  effects.emplace_back(std::in_place_type<E>, std::move(effect));
}

class Scheduler {
 public:
  explicit Scheduler(SchedulerOptions options) : options_(options) {}

  ModelIndex add_model(ModelTerms terms);
  Effects set_terms(Time now, ModelIndex model, ModelTerms terms);
  Effects set_options(Time now, SchedulerOptions options);
  // No new requests for it; it drains and goes. Its index stays taken.
  Effects remove_model(Time now, ModelIndex model);
  // Takes remove_model() back.
  Effects return_model(Time now, ModelIndex model);

  // A new request. Its effects, or those of a later call, have exactly one Grant or Refuse for it, unless leave() comes
  // first.
  Effects request(Time now, Ticket ticket, ModelIndex model, Time deadline, Sender sender = 0);
  // Ends a wait or gives a lease back. An unknown ticket is ignored.
  Effects leave(Time now, Ticket ticket);
  // Lets the model go as soon as its leases have ended; it comes back with the next request.
  Effects unload(Time now, ModelIndex model);

  Effects ready(Time now, EngineRun run);
  // The engine of this run is gone or never came to be; `words`: why, for people. Ends a start, a stop or a crash.
  Effects exited(Time now, EngineRun run, std::string words);

  // Memory is short on the machine, whatever was counted: the least valuable idle model goes, one at a time.
  Effects relieve(Time now);

  // To be called at next_wakeup(), harmless at any time.
  Effects tick(Time now);
  std::optional<Time> next_wakeup() const;

  // Refuses all waiters and every later request; idle engines stop now, leased ones when their leases end.
  Effects shut_down(Time now);
  // Also the leased ones, now.
  Effects stop_now(Time now);

  State state(ModelIndex model) const { return models_[model].state; }
  std::size_t leases(ModelIndex model) const { return models_[model].leases.size(); }
  std::size_t waiting(ModelIndex model) const { return models_[model].waiters.size(); }
  EngineRun run(ModelIndex model) const { return models_[model].run; }
  Time ready_at(ModelIndex model) const { return models_[model].ready_at; }
  Time last_used(ModelIndex model) const { return models_[model].last_used; }    // while State::ready or draining
  Time cool_until(ModelIndex model) const { return models_[model].cool_until; }  // while State::cooling
  const ModelTerms& terms(ModelIndex model) const { return models_[model].terms; }
  const std::string& last_words(ModelIndex model) const { return models_[model].last_words; }
  std::size_t size() const { return models_.size(); }
  std::uint64_t used() const;   // bytes of all that hold memory, with what their answers may still add
  std::uint64_t taken() const;  // bytes that they take by now
  const SchedulerOptions& options() const { return options_; }
  bool shutting_down() const { return shutting_down_; }
  bool removed(ModelIndex model) const { return models_[model].removed; }
  bool all_gone() const;                                  // no engine is left
  std::optional<Standing> standing(Ticket ticket) const;  // of a waiting request
  std::optional<ModelIndex> model_waited_for(Ticket ticket) const;

 private:
  struct Waiter {
    Ticket ticket;
    Sender sender;
    Time arrived;
    Time deadline;
  };
  struct Model {
    ModelTerms terms;
    State state = State::absent;
    EngineRun run = 0;
    std::deque<Waiter> waiters;  // by arrival
    boost::container::flat_map<Ticket, Sender> leases;
    boost::container::flat_map<Sender, std::uint64_t> turns;  // the number of each one's latest grant
    Time started_at{}, ready_at{}, last_used{}, cool_until{};
    std::optional<Time> contended_since;  // since when it waits for the place of a busy model
    Time patient_until{};                 // and how long that one may go on
    std::vector<ModelIndex> behind;       // whom its waiters wait for
    int failures = 0;                     // in a row
    std::string last_words;
    bool prefetched = false;
    bool cool_after_stop = false;
    bool unload = false;
    bool removed = false;
  };
  struct Plan;  // scheduler_plan.cc

  void settle(Time now, Effects& out);
  void expire(Time now, Effects& out);
  void grant(Time now, Effects& out);
  bool make_room_for(Sender sender, ModelIndex model, Effects& out);                     // in a full queue
  std::size_t next_in_turn(const Model& model) const;                                    // a place among its waiters
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranks(const Model& model) const;  // of its waiters, by place
  bool at_rest() const;
  void plan(Time now, Effects& out);
  void unload_idle(Time now, Effects& out);

  std::vector<ModelIndex> idle_by_value() const;  // and those that drain, before them; the least valuable first

  void start(Time now, ModelIndex model, Effects& out);
  void stop(ModelIndex model, Effects& out);
  void cool(Time now, Model& model);
  void refuse_all(ModelIndex model, Refusal why, Span retry_after, const std::string& words, Effects& out);
  std::optional<ModelIndex> model_of(EngineRun run) const;
  // What it takes by now, and what it is counted with when another model is to start beside it.
  std::uint64_t taken(const Model& model) const;
  std::uint64_t claimed(const Model& model) const;
  Span idle_timeout(const Model& model) const { return model.terms.idle_timeout.value_or(options_.idle_timeout); }
  Standing standing_at(const Model& model, std::size_t place) const;
  std::vector<ModelIndex> claims() const;

  SchedulerOptions options_;
  std::vector<Model> models_;
  boost::container::flat_map<Ticket, ModelIndex> tickets_;  // waiting or leased
  EngineRun last_run_ = 0;
  std::uint64_t grants_ = 0;
  Time settled_at_{};
  bool shutting_down_ = false;
};

}  // namespace eai::engine
