#include "library/job.h"

#include <algorithm>
#include <iterator>

namespace eai::library {
namespace {

bool replaces(const Progress& now, const Event& last) {
  const auto* before = std::get_if<Progress>(&last.what);
  return before != nullptr && before->phase == now.phase && before->hash == now.hash && before->subject == now.subject;
}

}  // namespace

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::waiting:
      return "waiting";
    case Phase::metadata:
      return "metadata";
    case Phase::parts:
      return "parts";
    case Phase::unpacking:
      return "unpacking";
    case Phase::syncing:
      return "syncing";
    case Phase::done:
      return "done";
    case Phase::asking:
      return "asking";
    case Phase::packing:
      return "packing";
    case Phase::hashing:
      return "hashing";
    case Phase::sending:
      return "sending";
    case Phase::reading:
      return "reading";
    case Phase::copying:
      return "copying";
  }
  return "";
}

std::optional<Phase> phase_of(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Phase::copying); ++i) {
    if (const auto phase = static_cast<Phase>(i); name_of(phase) == name) return phase;
  }
  return std::nullopt;
}

void Feed::progress(Progress now) {
  {
    const std::lock_guard lock(mutex_);
    if (!events_.empty() && replaces(now, events_.back())) events_.pop_back();
    events_.push_back({++last_number_, std::move(now)});
    changed_.notify_all();
  }
  if (told_) told_();
}

void Feed::note(std::string text, Hint hint) {
  {
    const std::lock_guard lock(mutex_);
    events_.push_back({++last_number_, Note{std::move(text), hint}});
    changed_.notify_all();
  }
  if (told_) told_();
}

void Feed::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  if (told_) told_();
}

std::vector<Event> Feed::after(std::uint64_t number) const {
  const auto first = std::ranges::upper_bound(events_, number, {}, &Event::number);
  return {first, events_.end()};
}

std::vector<Event> Feed::since(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  return after(number);
}

std::vector<Event> Feed::wait(std::uint64_t number) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || last_number_ > number; });
  return after(number);
}

std::optional<Progress> Feed::latest() const {
  const std::lock_guard lock(mutex_);
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    if (const auto* progress = std::get_if<Progress>(&event->what)) return *progress;
  }
  return std::nullopt;
}

std::uint64_t Feed::last_number() const {
  const std::lock_guard lock(mutex_);
  return last_number_;
}

bool Feed::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace eai::library
