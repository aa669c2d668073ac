// Why: one running engine: started, watched until it answers, listened to, ended.
// Thread: that of the io_context; no call blocks.
// What holds: events come on that thread, never from inside a call. `exited` comes exactly once and last, also when the
// program could not be executed. Readiness is an event: a supervised engine says on its standard output that it is ready
// (EngineKind::read_line), and is asked for its health at once; an engine that says nothing is asked in growing steps.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "engine/kind.h"
#include "engine/process.h"
#include "util/file.h"

namespace eai::engine {

// What stands between how an engine ended and the last lines of its log, in words for people.
inline constexpr std::string_view k_last_words = "; its last words:\n";

struct EngineExit {
  std::string words;  // how it ended, then its last words, for people
  bool crashed =
      false;  // of itself, or it was ended because it hung; false: it was asked to end, or was killed from outside
};

struct EngineEvents {
  std::function<void(int pid)> started;
  std::function<void(double fraction)> loading;  // 0…1, where the engine tells
  std::function<void(std::string fit)> fitted;   // StateNews::fit; before it is ready
  std::function<void()> ready;
  std::function<void(EngineExit)> exited;
};

class Engine {
 public:
  Engine(boost::asio::io_context& context, Spawner& spawner, const EngineKind& kind, Command command, fs::path socket,
         fs::path log, EngineEvents events);
  // Kills what still runs and removes the socket's file. No event comes any more.
  ~Engine();

  // Ends its input and sends SIGTERM, SIGTERM again after 300 ms (one that is sent while an engine becomes ready can be lost),
  // and SIGKILL to the group a second later.
  void stop();
  // Sends SIGKILL to the group, now. `why` ("it …") is told instead of the signal, before its last words.
  void kill(std::string why);
  int pid() const;  // 0: not (or no longer) running

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace eai::engine
