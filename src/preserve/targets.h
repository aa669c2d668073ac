// Why: all homes of a run are served side by side. Each takes what it can, and none of them stops the others.
// Thread: one, the run's; uploads run on the senders' threads.
// What holds: when the last home has failed, a stop is requested. What is pushed reaches every home that still accepts
// parcels.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "preserve/sender.h"

namespace eai::preserve {

class Targets {
 public:
  Targets(Monitor& monitor, std::stop_source stop) : monitor_(monitor), stop_(std::move(stop)) {}

  // Prepares every home for `bytes`. Code::cancelled when not one is left.
  Result<void> open(const std::vector<Home*>& homes, Receipts& receipts, std::uint64_t bytes);
  bool empty() const { return targets_.empty(); }

  // The first home that still takes parcels and cuts files in its own way; null if there is none.
  Sender* picky() const;
  // To all that take, except to `except`. A home that would cut a part in another way than was settled gets it as
  // blocks.
  void push(const Parcel& parcel, const Sender* except, const std::string& settled_by);
  // Those that take. One that cannot continue is told so with give_up().
  std::vector<Sender*> senders() const;
  void drain();

  // Pins, the metadata `json`, and what a home does at the end.
  void finish(const model::Metadata& metadata, const std::string& json, const ipld::Cid& hash);

  bool nobody_left() const;
  Failure all_failed() const;  // nobody_left(): the first code, every message
  std::vector<HomeFailure> failures() const;
  std::uint64_t sent() const;
  std::uint64_t resumed() const;

 private:
  struct Target {
    std::unique_ptr<Sender> sender;
    std::optional<ipld::Cid> had;  // a home that an earlier run finished and that takes nothing more
    Home& home() const { return sender->home(); }
    bool takes() const { return !had && !sender->error(); }
  };
  Result<void> finish_one(Target& target, const model::Metadata& metadata, const std::string& json,
                          const ipld::Cid& hash);
  Monitor& monitor_;
  std::stop_source stop_;
  Receipts* receipts_ = nullptr;
  std::vector<Target> targets_;
};

}  // namespace eai::preserve
