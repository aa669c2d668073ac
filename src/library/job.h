// Why: everything that takes time has one shape: it is started, it tells how far it is, it can be stopped, and it ends
// with a value or an Error. A command line that waits for it and an HTTP stream that is cut and taken up again are two
// readers of the same feed, so they show the same thing.
//   Job<store::Model> job([&](Feed& feed, const std::stop_token& stop) { return bring(…, feed, stop); });
//   for (auto all = job.feed().wait(0); !all.empty(); all = job.feed().wait(all.back().number)) show(all);
//   Result<store::Model> model = job.result();
// Thread: a job works on a thread of its own. Its feed is read and the stop is asked for from any thread. result() is
// called once, by one thread.
// What holds:
// - Progress is a snapshot, never a difference: whoever has the latest one knows all of the state.
// - Events carry numbers that only grow. A reader names the last one that it has seen and gets what came after it, at
//   any time and as often as it likes: a stream that reconnects passes on its Last-Event-ID.
// - A slow reader never holds up the work, and loses nothing that matters: a snapshot is replaced only by a newer one
//   of the same model and phase. The last snapshot of each phase and every note are kept, so a feed grows with the
//   number of phases and notes, not with time.
// - A feed closes exactly when the job's result is there, or the exception that ended it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "util/result.h"

namespace eai::library {

enum class Phase {
  waiting,    // for another process that works on the same model
  metadata,   // is being looked for
  parts,      // come from the sources
  unpacking,  // the last of them
  syncing,    // to the disk
  done,       // the model is in the store
  asking,     // the homes what they have
  packing,    // the folder, while parts are already being sent
  hashing,    // likewise, or what was copied
  sending,    // what is left
  reading,    // what is on this disk
  copying,    // into the store
};
std::string_view name_of(Phase phase);
std::optional<Phase> phase_of(std::string_view name);

// Somebody who delivers bytes (a source) or takes them (a home).
struct PeerProgress {
  std::string name;
  std::uint64_t done = 0, total = 0;  // bytes; total 0: not known
  std::size_t in_flight = 0;          // parts
  double bytes_per_second = 0;        // 0: unknown
  std::optional<std::chrono::seconds> time_left = std::nullopt;
  std::string trouble = {};                                 // empty: none
  std::optional<std::chrono::seconds> wait = std::nullopt;  // until it is asked again
  bool begun = true;                                        // false: nothing is on its way to it
};

struct Progress {
  std::string subject;  // what the model is called
  std::string hash;     // of the model; empty while it is not known
  Phase phase = Phase::waiting;
  std::uint64_t done = 0, total = 0;  // bytes that are proven, read, or packed; total 0: not known
  std::uint64_t received = 0;         // bytes that are here, proven or not
  double bytes_per_second = 0;        // 0: unknown
  std::optional<std::chrono::seconds> time_left = std::nullopt;
  std::vector<PeerProgress> peers = {};
  // The network is away, and will be waited for that much longer.
  std::optional<std::chrono::seconds> network_awaited = std::nullopt;
};

// Something a person should read, said once.
struct Note {
  std::string text;
  Hint hint = Hint::none;
};

struct Event {
  std::uint64_t number = 0;  // from 1 on
  std::variant<Progress, Note> what;
};

class Feed {
 public:
  // The job's side. Nothing is told after close().
  void progress(Progress now);
  void note(std::string text, Hint hint = Hint::none);
  void close();

  // `told` is called after every change, on the thread that made it: for readers that cannot block in wait(). To be set
  // before the work begins.
  void on_change(std::function<void()> told) { told_ = std::move(told); }

  // The readers' side. What has a higher number than `number`, in order; 0: all that was kept.
  std::vector<Event> since(std::uint64_t number) const;
  // The same, but blocks until there is something. Empty: the feed is closed, and nothing more will come.
  std::vector<Event> wait(std::uint64_t number) const;
  std::optional<Progress> latest() const;
  std::uint64_t last_number() const;  // 0: nothing was told yet
  bool closed() const;

 private:
  std::vector<Event> after(std::uint64_t number) const;  // locked by its caller
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Event> events_;
  std::uint64_t last_number_ = 0;
  bool closed_ = false;
  std::function<void()> told_;
};

template <typename T>
class Job {
 public:
  using Work = std::function<Result<T>(Feed&, const std::stop_token&)>;

  // Starts at once.
  explicit Job(Work work) : thread_([this, work = std::move(work)](const std::stop_token& stop) { run(work, stop); }) {}
  // Asks for a stop and waits for the end.
  ~Job() = default;
  Job(const Job&) = delete;

  const Feed& feed() const { return feed_; }
  // The work ends as soon as it can, with Code::cancelled if it was not done already.
  void stop() { thread_.request_stop(); }
  // Waits for the end. An exception of the work, which is a bug, comes out here.
  Result<T> result() { return result_.get_future().get(); }

 private:
  void run(const Work& work, const std::stop_token& stop) {
    try {
      result_.set_value(work(feed_, stop));
    } catch (...) {
      result_.set_exception(std::current_exception());
    }
    feed_.close();
  }
  Feed feed_;
  std::promise<Result<T>> result_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace eai::library
