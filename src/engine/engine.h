// Why: one running engine: started, watched until it answers, listened to, ended.
// Thread: that of the io_context; no call blocks.
// What holds: events come on that thread, never from inside a call; `exited` comes exactly once and last, also when
// the program could not be executed. Readiness is an event: a supervised engine says so on its standard output and is
// asked for /health at once; for engines that do not, /health is asked in growing steps.
// Source of the state lines: llama-server's router mode (LLAMA_SERVER_ROUTER_PORT in the environment), see docs/engines.md.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "engine/process.h"
#include "util/file.h"

namespace eai::engine {

struct EngineEvents {
  std::function<void(int pid)> started;
  std::function<void(double fraction)> loading;  // 0…1, where the engine tells
  std::function<void()> ready;
  std::function<void(std::string words)> exited;  // how it ended, then its last words
};

class Engine {
 public:
  Engine(boost::asio::io_context& context, Spawner& spawner, Command command, fs::path socket, fs::path log,
         EngineEvents events);
  // Kills what still runs; no event comes any more. The socket's file is removed.
  ~Engine();

  // End of input and SIGTERM; SIGTERM again after 300 ms (one sent while an engine gets ready can be lost); SIGKILL to
  // the group a second later.
  void stop();
  // SIGKILL to the group, now. `why` ("it …") is told in place of the signal, before its last words.
  void kill(std::string why);
  int pid() const;  // 0: not (or no longer) running

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace eai::engine
