// Why: how far preserving is: what is packed or hashed, and what each home has of it, in bytes, rate and time left.
// Thread: PreserveRates: one. PreserveWatch prints from a thread of its own, and alone, as long as it lives.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>

#include "cli/progress.h"
#include "preserve/preserve.h"

namespace eai::cli {

// Looks at a Progress again and again, and so knows how quickly it goes.
class PreserveRates {
 public:
  explicit PreserveRates(std::string name) : name_(std::move(name)) {}
  struct View {
    std::vector<Bar> bars;                    // the folder while it is read, then each home that has begun
    std::vector<boost::json::object> events;  // docs/preserve.md, "For programs"
  };
  View look(const preserve::Progress& now, RateMeter::Clock::time_point at = RateMeter::Clock::now());

 private:
  struct Measured {
    std::string of;
    RateMeter rate;
  };
  const RateMeter& measure(const std::string& of, std::uint64_t done, RateMeter::Clock::time_point at);
  std::string name_;
  std::vector<Measured> measured_;
};

class PreserveWatch {
 public:
  PreserveWatch(const preserve::Monitor& monitor, const std::string& name, Output& out);

 private:
  void run(const std::stop_token& stop);
  const preserve::Monitor& monitor_;
  PreserveRates rates_;
  Output& out_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace eai::cli
