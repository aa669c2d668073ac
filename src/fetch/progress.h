// Why: what a user sees while a model is downloaded: bytes, rate, time left, and who delivers.
// Thread: the owner's.
#pragma once

#include "fetch/fetch.h"
#include "peers/source_book.h"

namespace eai::fetch {

using peers::Clock;

// Tells the listener how far it is, but not too often.
class Reporter {
 public:
  Reporter(const peers::SourceBook& book, OnProgress on_progress) : book_(book), on_progress_(std::move(on_progress)) {}

  void phase(Progress::Phase phase);
  // The phase of parts, with what an earlier run left.
  void begin_parts(std::uint64_t verified, std::uint64_t received);
  void total(std::uint64_t bytes) { progress_.total = bytes; }
  void from_this_disk(std::uint64_t bytes) { progress_.from_this_disk = bytes; }
  // Tells the listener if a tenth of a second passed since the last time.
  void show(Clock::time_point now, std::uint64_t verified, std::uint64_t received);

 private:
  void tell(Clock::time_point now);

  const peers::SourceBook& book_;
  OnProgress on_progress_;
  Progress progress_;
  Clock::time_point last_{};
};

// The time that `left` bytes need at `rate` bytes per second; nothing if that cannot be said.
std::optional<std::chrono::seconds> time_for(std::uint64_t left, double rate);

}  // namespace eai::fetch
