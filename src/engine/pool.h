// Why: which engine runs, which waits, and who may use one now. The gateway asks for a lease and gets a socket.
// Thread: all of it on the one thread that runs the io_context given at construction.
// What holds: a model with a lease is never stopped; readiness and lease are one step (a lease is only ever given for an
// engine that is ready in that moment); requests for one model coalesce on one start; every wait has a deadline; a
// failed start tells all its waiters the engine's last words and cools down before it is tried again.
// The decisions are made by the pure state machine in scheduler.h; this class feeds it events and carries out its effects.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/memory.h"
#include "engine/model_spec.h"
#include "engine/scheduler.h"
#include "util/folders.h"
#include "util/result.h"

namespace eai::engine {

// What a waiting client may be told.
struct WaitNews {
  std::string phase;    // "queued", "loading", "waiting for running answers", "waiting for room"
  int position = 0;     // in the queue for this model, 1 = next
  double fraction = 0;  // of the load, 0…1, where the engine tells
  bool operator==(const WaitNews&) const = default;
};

struct LeaseRequest {
  std::string model_id;
  std::chrono::steady_clock::time_point deadline;
  std::function<void(const WaitNews&)> on_news;  // may be empty; called at once and at each change, never after the end
};

class Pool;
struct PoolImpl;

// The right to use a ready engine. Giving it back is its destruction.
class Lease {
 public:
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) noexcept;
  ~Lease();
  const std::string& model_id() const;
  const std::string& socket() const;  // HTTP/1.1 over this Unix socket
  // How the engine ended, if it ended under this lease; else empty. Known some milliseconds after its socket closes.
  std::string ended() const;

 private:
  friend class Pool;
  friend struct PoolImpl;
  struct Hold;
  explicit Lease(std::unique_ptr<Hold> hold);
  std::unique_ptr<Hold> hold_;
};

struct ModelStatus {
  ModelSpec spec;
  State state = State::absent;
  int pid = 0;
  int leases = 0;
  int queued = 0;
  std::uint32_t context = 0;  // tokens; 0 until the file was looked at
  std::uint32_t slots = 0;
  bool sees = false;                   // takes pictures
  bool tools = false;                  // its chat template knows tools
  MemoryEstimate memory;               // the arithmetic
  std::uint64_t memory_estimated = 0;  // bytes, its total
  std::uint64_t memory_need = 0;       // bytes it is counted with: the peak measured here, else the estimate
  std::uint64_t memory_now = 0;        // bytes of the running engine, some seconds old
  std::uint64_t memory_peak = 0;       // bytes, highest seen on this machine; 0: never run here
  std::chrono::system_clock::time_point ready_since{};
  std::uint64_t starts = 0, crashes = 0, requests = 0;
  double last_load_seconds = 0;
  std::string last_failure;  // why the last start failed, with the engine's last words
};

struct PoolStatus {
  std::uint64_t budget = 0;    // bytes
  std::string budget_source;   // for people
  std::uint64_t used = 0;      // bytes counted for engines that run
  std::uint64_t switches = 0;  // starts that needed another model to go first
  std::uint64_t evictions = 0;
};

struct PoolOptions {
  fs::path run_folder;                   // sockets, 0700
  fs::path log_folder;                   // one log per model, rotated
  fs::path measured_file;                // measured.json
  fs::path slot_folder;                  // KV caches of unloaded models, emptied at both ends; empty: none are kept
  std::uint64_t slot_limit = 4 * k_gib;  // bytes of all of them
  // For one of them; an engine that takes longer is not asked for more.
  std::chrono::milliseconds slot_deadline = std::chrono::seconds(10);
  fs::path llama_server;  // program; empty: none found (a lease then fails with Code::unsupported)
  fs::path image_engine;
  std::uint64_t memory_budget = 0;  // bytes; 0: found from the devices, RAM and cgroup
  std::vector<Device> devices{};    // GPUs that the engine has
  std::uint32_t max_resident = 0;   // models at a time; 0: as many as fit
  std::chrono::seconds patience{10};
  std::chrono::seconds start_timeout{600};
  std::chrono::seconds idle_timeout{1800};
  std::chrono::seconds stop_grace{30};              // drain limit at stop()
  std::uint32_t queue_limit = 256;                  // requests that wait for one model
  std::chrono::milliseconds measure_every{5'000};   // how often memory and health of running engines are looked at
  std::chrono::milliseconds silence_limit{60'000};  // a leased engine that does not answer at all for so long is ended
  std::chrono::milliseconds stuck_limit{600'000};   // or whose computing part does not
};

// What `options` leave for models: as configured, else found on this machine.
Budget budget_of(const PoolOptions& options);

class Pool {
 public:
  // Ends what an earlier server left running and removes its sockets. Starts no engine.
  Pool(boost::asio::io_context& context, PoolOptions options, std::vector<ModelSpec> models);
  ~Pool();  // kills what still runs

  // Asio cancellation (client gone) ends the wait. Code::not_found: not a served model; Code::busy: the queue is full, or
  // the pool is stopping; Code::timeout: the deadline passed; Code::io: the engine could not be started (its last log lines
  // in the message); Code::invalid: its file is not what it should be; Code::unsupported: no engine for it, or it needs
  // more memory than there is (with the arithmetic).
  boost::asio::awaitable<Result<Lease>> lease(LeaseRequest request);

  // In the order of `models`, then those that are no longer served and still run.
  std::vector<ModelStatus> status() const;
  PoolStatus totals() const;

  // Other settings and other models, while it runs. Of `options` the folders stay what they were, but for slot_folder. A model that is no longer
  // there goes when its leases have ended; one whose spec has changed is let go then too, and has the new one from its next
  // start on. A spec whose files are not what they should be is told in the log, and the one before it stays.
  void reload(PoolOptions options, std::vector<ModelSpec> models);

  // How long the model is not started again because its last start failed; 0: it would be started at once.
  std::chrono::seconds cools_for(const std::string& model_id) const;

  // Lets a model go when its leases have ended; unknown ids are ignored.
  void unload(const std::string& model_id);

  // No new leases; waits for running ones up to stop_grace, then ends all engines. Resumes when none is left.
  boost::asio::awaitable<void> stop();

 private:
  std::shared_ptr<PoolImpl> impl_;
};

}  // namespace eai::engine
