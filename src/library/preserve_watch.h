// Why: preserving happens on many threads at once, each of which counts its own bytes; a person wants to see what is
// packed or hashed and what each home has, with rates and the time left.
// Thread: PreserveRates: one. PreserveWatch tells its feed from a thread of its own, and alone, as long as it lives.
#pragma once

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "library/job.h"
#include "library/rate_meter.h"
#include "preserve/preserve.h"

namespace eai::library {

// Looks at what preserve counts again and again, and so knows how quickly it goes.
class PreserveRates {
 public:
  explicit PreserveRates(std::string name) : name_(std::move(name)) {}
  // Nothing before it has begun. The peers are the homes; what each will be sent is a guess while the folder is packed.
  std::optional<Progress> look(const preserve::Progress& now,
                               RateMeter::Clock::time_point at = RateMeter::Clock::now());

 private:
  struct Meter {
    std::string of;
    RateMeter rate;
  };
  const RateMeter& measure(const std::string& of, std::uint64_t done, RateMeter::Clock::time_point at);
  std::string name_;
  std::vector<Meter> meters_;
};

class PreserveWatch {
 public:
  PreserveWatch(const preserve::Monitor& monitor, const std::string& name, Feed& feed);

 private:
  void run(const std::stop_token& stop);
  const preserve::Monitor& monitor_;
  PreserveRates rates_;
  Feed& feed_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace eai::library
