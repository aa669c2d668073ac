// Why: the engine of one model through all its starts: its process, socket, log and record, what it takes, and whether it
// still answers.
// Thread: that of the io_context; no call blocks.
// What holds: at most one engine at a time; the record of its process lies in the run folder exactly as long as it runs
// (leftovers.h); events of an engine that was let go of never come. An engine that hangs ends as one that crashed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/engine.h"
#include "engine/kind.h"
#include "engine/memory.h"
#include "engine/model_spec.h"
#include "engine/scheduler.h"
#include "http/unix_client.h"
#include "util/own_folder.h"

namespace eai::engine {

// What the engines of a pool have in common. Making one ends what an earlier server left running.
struct EngineHome {
  EngineHome(boost::asio::io_context& io, const fs::path& run_folder, fs::path log_folder);

  boost::asio::io_context& context;
  Result<OwnFolder> sockets;  // the run folder, or a short one if its path is too long for a socket
  fs::path logs;
  http::UnixClient client;                                         // for the pool's own questions
  std::unique_ptr<Spawner> spawner = std::make_unique<Spawner>();  // its thread ends with it
};

struct LifeEvents {
  std::function<void()> loading;         // the fraction has changed
  std::function<void(EngineRun)> ready;  // it answers
  std::function<void(EngineRun, const EngineExit&)> exited;
};

struct SilenceLimits {
  std::chrono::milliseconds engine{60'000};      // without any answer
  std::chrono::milliseconds computing{600'000};  // without an answer of the part that computes
};

class EngineLife : public std::enable_shared_from_this<EngineLife> {
 public:
  // `name`: short and unique, of its socket and record.
  EngineLife(std::shared_ptr<EngineHome> home, std::string name, LifeEvents events);

  // Requires that none runs. `launch` and `spec` are those of one plan. `memory_limit`: as in Command.
  void start(EngineRun run, const EngineKind& kind, const fs::path& program, const ModelSpec& spec,
             const Launch& launch, std::uint64_t memory_limit);
  void serve();        // it is ready and may be used from now on
  bool end_service();  // it is not used any more; true: it was until now
  void stop();         // it ends soon; `exited` tells
  void end_now();      // kills it, and nothing more comes of it

  const std::string& socket() const { return socket_; }
  http::UnixClient& client() const { return home_->client; }  // for questions to it
  // Of the engine that there is; expired as soon as it is let go of.
  std::weak_ptr<const Engine> engine() const { return engine_; }
  bool exists() const { return engine_ != nullptr; }
  bool runs(EngineRun run) const { return engine_ && run_ == run; }
  int pid() const { return engine_ ? engine_->pid() : 0; }
  double fraction() const { return fraction_; }    // of the load
  const std::string& fit() const { return fit_; }  // what it has told at this start; empty: nothing new
  std::uint64_t memory_now() const { return memory_now_; }
  std::chrono::system_clock::time_point ready_since() const { return ready_since_; }
  double last_load_seconds() const { return last_load_seconds_; }
  std::uint64_t starts() const { return starts_; }

  // What it needs now, in bytes; nothing if it was looked at a moment ago, or does not run.
  std::optional<std::uint64_t> measure(const MemoryEstimate& estimate);
  // Asks whether it lives, and the part of it that computes on its own, which may take minutes for a step. One that does not
  // answer in time is killed: it would keep its leases until each of them gives up by itself, and take new ones.
  void check(const SilenceLimits& limits);

 private:
  void ended(const EngineExit& exit);
  boost::asio::awaitable<void> ask(std::string_view question, std::chrono::milliseconds limit,
                                   bool EngineLife::*asking);

  std::shared_ptr<EngineHome> home_;
  std::string name_, socket_;
  LifeEvents events_;
  const EngineKind* kind_ = nullptr;
  std::shared_ptr<Engine> engine_;
  EngineRun run_ = 0;
  std::string folder_name_;  // of the model, for people
  double fraction_ = 0;
  std::string fit_;
  std::uint64_t memory_now_ = 0;
  std::chrono::system_clock::time_point ready_since_{};
  Time started_at_{}, measured_at_{};
  bool asking_health_ = false, asking_progress_ = false;  // questions that are not answered yet
  double last_load_seconds_ = 0;
  std::uint64_t starts_ = 0;
};

}  // namespace eai::engine
