// Why: which engine runs, which waits, and who may use one now. The gateway asks for a lease and gets a socket.
// Thread: all of it on the one thread that runs the io_context given at construction.
// What holds: a model with a lease is never stopped; readiness and lease are one step (a lease is only ever given for an
// engine that is ready in that moment); requests for one model coalesce on one start; every wait has a deadline; a
// failed start tells all its waiters the engine's last words and cools down before it is tried again.
// The decisions are made by the pure state machine in scheduler.h; this class feeds it events and carries out its effects.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/model_spec.h"
#include "engine/scheduler.h"
#include "util/folders.h"
#include "util/result.h"

namespace eai::engine {

// What a waiting client may be told.
struct WaitNews {
  std::string phase;       // "queued", "loading", "waiting for running answers"
  int position = 0;        // in the queue for this model, 1 = next
  double fraction = 0;     // of the load, 0…1, where the engine tells
};

struct LeaseRequest {
  std::string model_id;
  std::chrono::steady_clock::time_point deadline;
  std::function<void(const WaitNews&)> on_news;  // may be empty
};

class Pool;

// The right to use a ready engine. Giving it back is its destruction.
class Lease {
 public:
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) noexcept;
  ~Lease();
  const std::string& model_id() const;
  const fs::path& socket() const;  // HTTP/1.1 over this Unix socket

 private:
  friend class Pool;
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
  std::uint64_t memory_estimated = 0;  // bytes
  std::uint64_t memory_now = 0;        // bytes of the running engine
  std::uint64_t memory_peak = 0;       // bytes, highest seen on this machine; 0: never run here
  std::chrono::system_clock::time_point ready_since{};
  std::string last_failure;            // why the last start failed, with the engine's last words
};

struct PoolOptions {
  fs::path run_folder;    // sockets, 0700
  fs::path log_folder;    // one log per model, rotated
  fs::path measured_file; // measured.json
  fs::path llama_server;  // program; empty: none found (a lease then fails with Code::unsupported)
  fs::path image_engine;
  std::uint64_t memory_budget = 0;  // bytes; 0: found from RAM and cgroup
  std::chrono::seconds start_timeout{600};
  std::chrono::seconds idle_timeout{1800};
  std::chrono::seconds stop_grace{30};  // drain limit at stop()
};

class Pool {
 public:
  Pool(boost::asio::io_context& context, PoolOptions options, std::vector<ModelSpec> models);
  ~Pool();  // kills what still runs

  // Asio cancellation (client gone) ends the wait. Code::not_found: not a served model; Code::busy: the queue is full;
  // Code::timeout: the deadline passed; Code::io: the engine could not be started (its last log lines in the message).
  boost::asio::awaitable<Result<Lease>> lease(LeaseRequest request);

  std::vector<ModelStatus> status() const;  // in the order of `models`

  // No new leases; waits for running ones up to stop_grace, then ends all engines. Resumes when none is left.
  boost::asio::awaitable<void> stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace eai::engine
