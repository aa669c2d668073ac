// Why: which engine runs, which waits, and who may use one now. A caller asks for a lease and gets a socket.
// Thread: everything on the one thread that runs the io_context given at construction.
// What holds: a model with a lease is never stopped; readiness and lease are one step (a lease is only ever given for an
// engine that is ready in that moment); requests for one model share one start; every wait has a deadline; a failed start
// tells all its waiters the engine's last words, and cools down before it is tried again.
// The decisions are made by the pure state machine in scheduler.h; pool_loop.h tells who carries them out.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/lease.h"
#include "engine/memory.h"
#include "engine/model_spec.h"
#include "engine/pool_options.h"
#include "engine/scheduler.h"
#include "util/result.h"

namespace eai::engine {

class PoolLoop;

struct ModelStatus {
  ModelSpec spec;
  State state = State::absent;
  int pid = 0;
  int leases = 0;
  int queued = 0;
  std::uint32_t context = 0;  // tokens; 0 until the files have been looked at
  std::uint32_t slots = 0;
  bool sees = false;                   // takes pictures
  bool tools = false;                  // its chat template knows tools
  MemoryEstimate memory;               // the arithmetic
  std::uint64_t memory_estimated = 0;  // bytes, its total
  std::uint64_t memory_need = 0;  // bytes once its context is full: the estimate, corrected by the peak measured here
  std::uint64_t memory_now = 0;   // bytes of the running engine, some seconds old
  std::uint64_t memory_peak = 0;  // bytes, highest seen on this machine; 0: never run here
  std::chrono::system_clock::time_point ready_since{};
  // While it is loaded: when its latest answer ended or began, or when it became ready.
  std::chrono::system_clock::time_point last_used{};
  std::uint64_t starts = 0, crashes = 0, requests = 0;
  double last_load_seconds = 0;
  std::string last_failure;  // why the last start failed, with the engine's last words
};

struct PoolStatus {
  std::uint64_t budget = 0;   // bytes
  std::string budget_source;  // for people
  std::uint64_t used = 0;   // bytes counted for engines that run: what they take, and what their answers may still add
  std::uint64_t taken = 0;  // bytes that they take by now
  std::uint64_t full = 0;   // bytes that they would take if all their contexts were full
  std::uint64_t switches = 0;  // starts that needed another model to go first
  std::uint64_t evictions = 0;
};

class Pool {
 public:
  // Ends what an earlier server left running and removes its sockets. Starts no engine.
  Pool(boost::asio::io_context& context, PoolOptions options, std::vector<ModelSpec> models);
  ~Pool();  // kills what still runs

  // Asio cancellation ends the wait with Code::cancelled. Code::not_found: the model is not served; Code::busy: the queue is
  // full, or the pool is stopping; Code::timeout: the deadline passed; Code::io: the engine could not be started (the message
  // has its last log lines); Code::invalid: a file of the model is not what it should be; Code::unsupported: there is no
  // engine for it, or it needs more memory than there is (the message has the arithmetic); any error of PoolOptions::verify.
  boost::asio::awaitable<Result<Lease>> lease(LeaseRequest request);

  // In the order of `models`, then those that are no longer served and still run.
  std::vector<ModelStatus> status() const;
  PoolStatus totals() const;

  // Takes other settings and other models while it runs. The folders of `options` stay what they were, except slot_folder. A
  // model that is no longer listed goes when its leases have ended; one whose spec has changed is let go then too, and has
  // the new spec from its next start on. A spec whose files are not what they should be is logged, and the old one stays.
  void reload(PoolOptions options, std::vector<ModelSpec> models);

  // How long the model is not started again because its last start failed; 0: it would be started at once.
  std::chrono::seconds cools_for(const std::string& model_id) const;

  // No longer text fits into the context of the model, in bytes; 0: that is not known (yet).
  std::uint64_t text_limit(const std::string& model_id) const;
  // How large pictures are worth sending to the model; the most that any model gets while it is not known.
  PictureSizes picture_sizes(const std::string& model_id) const;
  // Lets a model go when its leases have ended; unknown ids are ignored.
  void unload(const std::string& model_id);

  // Gives no new leases, waits for running ones up to stop_grace, then ends all engines. Resumes when none is left.
  boost::asio::awaitable<void> stop();

 private:
  std::shared_ptr<PoolLoop> loop_;
};

}  // namespace eai::engine
