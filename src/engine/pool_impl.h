// The inside of Pool, shared by its source files.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "engine/engine.h"
#include "engine/kind.h"
#include "engine/pool.h"
#include "http/engine_client.h"

namespace eai::engine {

// One model: what was found out about it, and its engine.
struct Served {
  Served(boost::asio::io_context& context, ModelSpec of) : spec(std::move(of)), looked_at(context) {}

  ModelSpec spec;
  std::string name;    // short, of its socket and record
  std::string socket;  // where its engines listen
  enum class Look { running, done, failed } look = Look::running;
  boost::asio::steady_timer looked_at;  // an event: cancelled when `look` changes
  Error look_error;
  Inspection found;
  std::string measured_key;
  std::uint64_t looks = 0;  // the answer of an older look is thrown away
  struct Next {
    ModelSpec spec;
    Inspection found;
  };
  std::optional<Next> next;  // from the next start on

  std::unique_ptr<Engine> engine;
  Run run = 0;
  double fraction = 0;  // of the load
  std::uint64_t memory_now = 0;
  std::chrono::system_clock::time_point ready_since{};
  Time started_at{}, measured_at{};
  bool asking_health = false, asking_part = false;  // questions that are not answered yet
  double last_load_seconds = 0;
  std::uint64_t starts = 0, crashes = 0, requests = 0;
};

struct Waiting {
  Waiting(boost::asio::io_context& context, std::function<void(const WaitNews&)> news)
      : ended(context, boost::asio::steady_timer::time_point::max()), on_news(std::move(news)) {}
  boost::asio::steady_timer ended;  // an event: cancelled when `outcome` is set
  std::optional<Result<Run>> outcome;
  std::function<void(const WaitNews&)> on_news;
  std::optional<WaitNews> told;
};

struct PoolImpl : std::enable_shared_from_this<PoolImpl> {
  PoolImpl(boost::asio::io_context& io, PoolOptions given, std::vector<ModelSpec> models);

  // pool.cc
  void look_at(ModelIndex index, ModelSpec spec);
  void looked(ModelIndex index, ModelSpec spec, Result<Inspection> result);
  void take_next(Served& model);
  ModelIndex add_model(ModelSpec spec);
  ModelTerms terms_of(const Served& model) const;
  void apply(Effects effects);
  void carry_out(const StartEngine& effect);
  void carry_out(const StopEngine& effect);
  void carry_out(const Grant& effect);
  void carry_out(const Refuse& effect);
  void carry_out(const LoseLease& effect);
  void carry_out(const Prefetch& effect);
  void set_alarm();
  void close();
  // pool_reload.cc
  void reload(PoolOptions given, std::vector<ModelSpec> models);
  void change(ModelIndex index, ModelSpec spec);
  // pool_engine.cc
  void engine_ready(ModelIndex index, Run run);
  void engine_exited(ModelIndex index, Run run, std::string words);
  void note_peak(ModelIndex index, std::uint64_t peak);
  void save_measured();
  void serve(ModelIndex index, Run run);
  void measure(ModelIndex index);
  void measure_soon();
  void look_after(ModelIndex index);
  boost::asio::awaitable<void> ask_health(ModelIndex index, Run run, std::string question,
                                          std::chrono::milliseconds limit, bool Served::*asking);
  // pool_slots.cc
  bool keeps_slots(const Served& model) const;
  void prepare_slot_folder() const;
  void forget_slots(const Served& model) const;
  static std::string slot_file(const Served& model, std::uint32_t slot);
  boost::asio::awaitable<std::optional<std::int64_t>> ask_slot(std::string socket, std::uint32_t slot,
                                                               std::string action, std::string file);
  boost::asio::awaitable<void> save_slots_and_stop(ModelIndex index, Run run);
  boost::asio::awaitable<void> restore_slots_and_serve(ModelIndex index, Run run);
  // pool_lease.cc
  boost::asio::awaitable<Result<Lease>> lease(LeaseRequest request);
  Lease lease_of(Ticket ticket, ModelIndex index);
  boost::asio::awaitable<Result<void>> wait_for_look(ModelIndex index, Time deadline);
  Error error_of(const Refuse& refusal) const;
  void tell_news();
  WaitNews news_of(Ticket ticket) const;

  static Time now() { return std::chrono::steady_clock::now(); }

  boost::asio::io_context& context;
  PoolOptions options;
  Budget budget;
  fs::path sockets;  // the run folder, or a short one if its path is too long for a socket
  Scheduler scheduler;
  Measured measured;
  std::vector<std::shared_ptr<Served>> served;  // by ModelIndex
  std::vector<ModelIndex> order;                // of those that are served now
  std::unordered_map<std::string, ModelIndex> by_id;
  std::map<Ticket, std::shared_ptr<Waiting>> waiting;
  boost::container::flat_map<Ticket, Lease::Hold*> leased;  // each takes itself out
  Ticket last_ticket = 0;
  boost::asio::steady_timer alarm, gone, measure_timer;
  std::optional<Time> alarm_at;  // while it is set
  bool measuring = false, closed = false;
  std::uint64_t switches = 0, evictions = 0;
  http::EngineClient client;           // for the pool's own questions
  boost::asio::thread_pool helper{1};  // what blocks on the disk
  std::unique_ptr<Spawner> spawner = std::make_unique<Spawner>();
};

void remove_slots(const fs::path& slot_folder);  // all of them
SchedulerOptions scheduler_options(const PoolOptions& options, const Budget& budget);

struct Lease::Hold {
  Hold(PoolImpl& from, Ticket number, ModelIndex of);
  Hold(const Hold&) = delete;
  ~Hold();
  std::weak_ptr<PoolImpl> pool;
  Ticket ticket;
  ModelIndex index;
  std::shared_ptr<const Served> model;
  std::string ended;  // how the engine ended under it
};

}  // namespace eai::engine
