// Why: where bytes are simply counted, as a file is read or copied, all jobs tell it in the same way and at the same
// pace.
// Thread: one.
#pragma once

#include "library/job.h"
#include "library/rate_meter.h"

namespace eai::library {

// Tells a feed at each beginning, at the end, and about ten times a second in between.
class ByteProgress {
 public:
  ByteProgress(Feed& feed, std::string subject, std::string hash);

  void begin(Phase phase, std::uint64_t done, std::uint64_t total);
  void reach(std::uint64_t done) { reach(done, now_.total); }
  void reach(std::uint64_t done, std::uint64_t total);
  std::uint64_t done() const { return now_.done; }

 private:
  Feed& feed_;
  Progress now_;
  RateMeter meter_;
  RateMeter::Clock::time_point told_{};
};

}  // namespace eai::library
