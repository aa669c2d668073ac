// Why: the right to use a ready engine, and what those hear who wait for one.
// Thread: the one thread that runs the pool's io_context.
// What holds: while a lease lives, its engine is not stopped for another model's sake.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace eai::engine {

// What a waiting client may be told.
struct WaitNews {
  std::string phase;    // "queued", "verifying", "loading", "waiting for running answers", "waiting for room"
  int position = 0;     // in the queue for this model, 1 = next
  double fraction = 0;  // of the load, 0…1, where the engine tells
  bool operator==(const WaitNews&) const = default;
};

struct LeaseRequest {
  std::string model_id;
  std::chrono::steady_clock::time_point deadline;
  std::function<void(const WaitNews&)> on_news;  // may be empty; called at once and at each change, never after the end
  // Whose request it is, so that senders take turns, and what it looks like (0: nothing is known): requests of one sender
  // and shape that have ended engines are refused for a while.
  std::uint64_t sender = 0, shape = 0;
  bool sees_log = true;  // may be told the last lines of an engine's log, which can hold anything
};

// Destroying a lease gives it back.
class Lease {
 public:
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) noexcept;
  ~Lease();
  const std::string& model_id() const;
  const std::string& socket() const;  // HTTP/1.1 over this Unix socket
  // How the engine ended, if it ended under this lease; else empty. Known some milliseconds after its socket closes.
  std::string ended() const;
  // Whether the request may have ended it, and so must not be sent again.
  bool blamed() const;
  // The engine has answered the request to its end.
  void note_answered();

 private:
  friend class PoolLoop;
  struct Hold;
  explicit Lease(std::unique_ptr<Hold> hold);
  std::unique_ptr<Hold> hold_;
};

}  // namespace eai::engine
