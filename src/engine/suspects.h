// Why: an engine works at several requests at a time, and a request that ends it ends the answers of all the others. So it
// is found out which one may have done it. That one is not sent again, and after the second time its like is refused for a
// while; the model goes on for everybody else.
// Thread: one owner; a plain object.
// What holds: of the requests that an engine was working at when it crashed, or until shortly before, those are blamed
// whose shape has not been answered well before; if there are none of these, all of them. A strike counts against a
// sender and a shape together, so that nobody can have another's requests refused. One that was given to several is
// taken back when a request of that sender and shape is answered. A sender with many strikes may only send what has been
// answered before. Everything is bounded, and forgotten after `k_strike_life`.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>

#include "engine/scheduler.h"

namespace eai::engine {

inline constexpr std::chrono::minutes k_strike_life{10};
inline constexpr int k_strikes_of_shape = 2;   // of one sender: further requests of the shape are refused
inline constexpr int k_strikes_of_sender = 6;  // of all shapes

struct Suspect {
  Sender sender = 0;
  ModelIndex model = 0;
  std::uint64_t shape = 0;  // tells apart kinds of requests; 0: unknown, and then it is never refused
  auto operator<=>(const Suspect&) const = default;
};

class Suspects {
 public:
  // For how long such a request is refused; nothing: it may come.
  std::optional<Span> refuses(Time now, const Suspect& suspect) const;

  // From now on the engine of `run` works at it.
  void begin(Ticket ticket, EngineRun run, const Suspect& suspect);
  // Not any more. `answered`: to the end. Otherwise its client has left, which an engine may notice late.
  void end(Time now, Ticket ticket, bool answered);

  // The engine of this run has crashed. Returns the tickets that are blamed.
  std::vector<Ticket> judge(Time now, EngineRun run);

 private:
  struct Work {
    EngineRun run;
    Suspect suspect;
  };
  struct Left {
    Work work;
    Time at;
  };
  struct Strikes {
    int alone = 0;   // it was the only one that was blamed
    int shared = 0;  // with others
    Time latest{};
  };
  void strike(Time now, const Suspect& suspect, bool alone);

  boost::container::flat_map<Ticket, Work> working_;
  std::deque<Left> left_;                                                  // whose clients have left, the latest last
  boost::container::flat_set<std::pair<ModelIndex, std::uint64_t>> good_;  // shapes that were answered
  std::map<Suspect, Strikes> strikes_;
};

}  // namespace eai::engine
