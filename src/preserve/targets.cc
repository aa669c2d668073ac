#include "preserve/targets.h"

#include <algorithm>

#include "preserve/block_cars.h"

namespace eai::preserve {

Result<void> Targets::open(const std::vector<Home*>& homes, Receipts& receipts, std::uint64_t bytes) {
  receipts_ = &receipts;
  for (std::size_t i = 0; i < homes.size(); ++i) {
    auto on_error = [this] {
      if (nobody_left()) stop_.request_stop();
    };
    Receipts* journal = homes[i]->whole_or_nothing() ? nullptr : receipts_;
    targets_.push_back(
        {std::make_unique<Sender>(*homes[i], journal, monitor_, i, stop_.get_token(), on_error), std::nullopt});
  }
  std::vector<Home*> before;
  for (Target& target : targets_) {
    const std::uint64_t there = target.home().whole_or_nothing() ? 0 : receipts_->bytes_at(target.home().name());
    target.home().go_on_at(receipts_->place(target.home().name()));
    auto ready = target.home().prepare(bytes - std::min(bytes, there), before);
    // Refused because it is there already: by an earlier run of this very command?
    if (!ready && ready.error().code == Code::invalid && target.home().whole_or_nothing()) {
      target.had = receipts_->finished(target.home().name());
    }
    if (ready || target.had) {
      before.push_back(&target.home());
    } else {
      target.sender->give_up(std::move(ready).error());
    }
  }
  if (nobody_left()) return fail(Code::cancelled, "stopped");
  return {};
}

Sender* Targets::picky() const {
  const auto found = std::find_if(targets_.begin(), targets_.end(),
                                  [](const Target& t) { return t.takes() && t.home().picks_profile(); });
  return found == targets_.end() ? nullptr : found->sender.get();
}

void Targets::push(const Parcel& parcel, const Sender* except, const std::string& settled_by) {
  for (Target& target : targets_) {
    if (!target.takes() || target.sender.get() == except) continue;
    const bool in_its_own_way = target.home().picks_profile() && target.home().name() != settled_by;
    const bool as_blocks = in_its_own_way || !target.home().cuts(parcel.upload.profile);
    Result<Parcel> sent = as_blocks ? as_car(parcel) : parcel;
    if (sent) {
      target.sender->push(*std::move(sent));
    } else {
      target.sender->give_up(std::move(sent).error());
    }
  }
}

std::vector<Sender*> Targets::senders() const {
  std::vector<Sender*> out;
  for (const Target& target : targets_) {
    if (target.takes()) out.push_back(target.sender.get());
  }
  return out;
}

void Targets::drain() {
  for (Target& target : targets_) (void)target.sender->drain();  // its error stays with it
}

Result<void> Targets::finish_one(Target& target, const model::Metadata& metadata, const std::string& json,
                                 const ipld::Cid& hash) {
  Home& home = target.home();
  if (target.had) {
    if (*target.had == hash) return {};
    return fail(Code::invalid, home.name() + " holds " + target.had->str() +
                                   ", an earlier state of the folder; remove it, or give another name");
  }
  EAI_CHECK(target.sender->drain());
  const bool source_left = std::any_of(targets_.begin(), targets_.end(), [](const Target& other) {
    return !other.sender->error() && !other.home().origins().empty();
  });
  if (home.fetches_from_others() && !source_left) {
    return fail(Code::network,
                home.name() + " has nobody to fetch from, because the home that it should fetch from failed");
  }
  for (const auto& entry : metadata.files) EAI_CHECK(home.keep(entry.cid, entry.file_name));
  if (const auto& car = metadata.tree_car) EAI_CHECK(home.keep(car->cid, car->file_name));
  Parcel parcel{Parcel::Kind::file,
                {metadata.folder_name + "_metadata.json", {}, ipld::k_unixfs_v1_2025, hash, {}},
                ipld::sha256(view_of(json))};
  parcel.upload.body.add(Bytes(json.begin(), json.end()));
  target.sender->push(std::move(parcel));
  EAI_CHECK(target.sender->drain());
  // Of a file that gets its name at once the receipt comes first: it counts only where the file is there.
  // Its trouble() remembers a failure, which takes nothing away from what the home has.
  if (home.whole_or_nothing()) (void)receipts_->finish(home.name(), hash);
  EAI_CHECK(home.finish(hash));
  if (!home.whole_or_nothing()) (void)receipts_->finish(home.name(), hash);
  return {};
}

void Targets::finish(const model::Metadata& metadata, const std::string& json, const ipld::Cid& hash) {
  for (Target& target : targets_) {
    if (target.sender->error()) continue;
    if (auto done = finish_one(target, metadata, json, hash); !done) {
      target.sender->give_up(std::move(done).error());
    }
  }
}

bool Targets::nobody_left() const {
  return !targets_.empty() &&
         std::all_of(targets_.begin(), targets_.end(), [](const Target& t) { return t.sender->error().has_value(); });
}

Failure Targets::all_failed() const {
  Error error = *targets_.front().sender->error();
  for (std::size_t i = 1; i < targets_.size(); ++i) error.message += "; " + targets_[i].sender->error()->message;
  return Failure(std::move(error));
}

std::vector<HomeFailure> Targets::failures() const {
  std::vector<HomeFailure> out;
  for (const Target& target : targets_) {
    if (auto error = target.sender->error()) out.push_back({target.home().name(), *std::move(error)});
  }
  return out;
}

std::uint64_t Targets::sent() const {
  std::uint64_t sum = 0;
  for (const Target& target : targets_) sum += target.sender->sent();
  return sum;
}

std::uint64_t Targets::resumed() const {
  std::uint64_t sum = 0;
  for (const Target& target : targets_) sum += target.sender->resumed();
  return sum;
}

}  // namespace eai::preserve
