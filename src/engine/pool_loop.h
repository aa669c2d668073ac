// Why: the owner of all that a pool is made of. It turns what happens (a request, a lease given back, an engine that is ready
// or gone, time that has passed) into events for the scheduler, and carries out the effects that come back.
// Thread: the one thread that runs the io_context; what blocks on the disk goes to helper threads, values in, values out.
// What holds: every decision is the scheduler's. The parts know nothing of each other and are only tied together here:
//   ModelPlan      what a model's engine is started with, now and next
//   EngineLife     its process, through all its starts
//   Requests       who waits, and who has a lease
//   Suspects       which requests may have ended an engine
//   Conversations  KV caches that outlive their engine
// After close() nothing happens any more, whoever still holds a reference.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "engine/conversations.h"
#include "engine/engine_life.h"
#include "engine/known_fits.h"
#include "engine/measured.h"
#include "engine/model_plan.h"
#include "engine/pool.h"
#include "engine/requests.h"
#include "engine/scheduler.h"
#include "engine/suspects.h"

namespace eai::engine {

class PoolLoop : public std::enable_shared_from_this<PoolLoop> {
 public:
  // Of a model's files, before its engine is started.
  struct Verification {
    EngineRun run = 0;
    std::stop_source stop{};
    double fraction = 0;
  };

  // One model that is, or was, served. Its index never changes.
  struct Member {
    std::string id;
    ModelPlan plan;
    std::shared_ptr<EngineLife> life;
    std::uint64_t requests = 0, crashes = 0;
    std::uint64_t held_at_start = 0;  // bytes that its engine took when it had just started; 0: not seen yet
    std::shared_ptr<Verification> verification{};  // while it is under way
    std::optional<Error> damage{};                 // that the last one found
    KnownFit fit{};  // with which its engine was started; the text is empty once that is ready
  };

  PoolLoop(boost::asio::io_context& context, PoolOptions options);

  // The interface of Pool; see there.
  boost::asio::awaitable<Result<Lease>> lease(LeaseRequest request);
  std::vector<ModelStatus> status() const;
  PoolStatus totals() const;
  void reload(PoolOptions options, std::vector<ModelSpec> models);
  void serve(std::vector<ModelSpec> models);  // these, and no others
  std::chrono::seconds cools_for(const std::string& model_id) const;
  std::uint64_t text_limit(const std::string& model_id) const;
  PictureSizes picture_sizes(const std::string& model_id) const;
  void unload(const std::string& model_id);
  boost::asio::awaitable<void> stop();
  void close();

  // For Lease.
  const std::shared_ptr<Member>& member(ModelIndex index) const { return members_[index]; }
  void hold(Ticket ticket, ModelIndex index, Suspect suspect, LeaseEnd& ended);
  void give_back(Ticket ticket, ModelIndex index, bool answered);

 private:
  struct Withdrawal;

  // pool_loop.cc: events to the scheduler, and its effects.
  void apply(Effects effects);
  void carry_out(const StartEngine& effect);
  void start(ModelIndex index, EngineRun run);
  void carry_out(const StopEngine& effect);
  void carry_out(const Grant& effect);
  void carry_out(const Refuse& effect);
  void carry_out(const LoseLease& effect);
  void carry_out(const Prefetch& effect);
  void set_alarm();
  void tell_news();
  void engine_ready(ModelIndex index, EngineRun run);
  void engine_exited(ModelIndex index, EngineRun run, const EngineExit& exit);
  boost::asio::awaitable<void> save_and_stop(ModelIndex index);
  boost::asio::awaitable<void> restore_and_begin(ModelIndex index, EngineRun run);
  void begin(ModelIndex index, EngineRun run);  // its engine may be used
  void measure(ModelIndex index);
  void measure_soon();
  void watch_memory_soon();
  void watch_memory();
  bool answers(ModelIndex index) const;  // its engine is ready, or drains

  // pool_verify.cc: before the start.
  void verify_first(ModelIndex index, EngineRun run);
  void verified(ModelIndex index, const Verification& verification, Result<void> result);

  // pool_models.cc: which models there are, and what is known of them.
  ModelIndex add_model(ModelSpec spec);
  void look_at(ModelIndex index, ModelSpec spec);
  void looked(ModelIndex index, ModelSpec spec, Result<Inspection> result);
  void take_next(Member& member);
  void change(ModelIndex index, ModelSpec spec);
  ModelTerms terms_of(const Member& member) const;
  void save_measured(const std::string& key, std::uint64_t peak);
  void keep_fit(const std::string& key, KnownFit fit);  // an empty text: none is kept any more
  ModelStatus status_of(ModelIndex index) const;

  boost::asio::io_context& context_;
  PoolOptions options_;
  Budget budget_;
  Scheduler scheduler_;
  Measured measured_;
  KnownFits fits_;
  std::shared_ptr<EngineHome> home_;
  Conversations conversations_;
  Requests requests_;
  Suspects suspects_;
  std::vector<std::shared_ptr<Member>> members_;  // by ModelIndex
  std::vector<ModelIndex> order_;                 // of those that are served now
  std::unordered_map<std::string, ModelIndex> by_id_;
  boost::asio::steady_timer alarm_, gone_, measure_timer_, watch_timer_;
  std::optional<Time> alarm_at_;  // while it is set
  bool measuring_ = false, watching_ = false, closed_ = false;
  std::uint64_t switches_ = 0, evictions_ = 0;
  boost::asio::thread_pool helper_{1};                // what blocks on the disk
  std::optional<boost::asio::thread_pool> verifier_;  // what reads whole models; none before it is needed
};

}  // namespace eai::engine
