// Why: hashing and packing run on all cores, while one thread takes the results in order and hashes what has to be
// hashed in order. That thread keeps a core busy, so there must not be more threads than cores.
// Thread: submit() from any; tasks run on the pool's threads, and in get() on its caller's.
// What holds: tasks hold only values. The destructor drops the tasks that have not begun and waits for the others; the
// future of a dropped task holds a broken promise.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "util/bytes.h"

namespace eai::preserve {

// Memory that is used again: a fresh MiB from the system costs as much as half of its SHA-256.
class Buffers {
 public:
  Bytes take() {
    std::lock_guard lock(mutex_);
    if (free_.empty()) return {};
    Bytes out = std::move(free_.back());
    free_.pop_back();
    return out;
  }
  void give(Bytes buffer) {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(buffer));
  }

 private:
  std::mutex mutex_;
  std::vector<Bytes> free_;
};

// Threads of a pool whose owner works too: one per core in all, and at least one.
inline unsigned pool_threads(unsigned wanted) {
  const unsigned in_all = std::min(wanted, std::thread::hardware_concurrency());
  return in_all < 2 ? 1 : in_all - 1;
}

class Workers {
 public:
  explicit Workers(unsigned count) {
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this](std::stop_token stop) { run(stop); });
  }
  ~Workers() {
    for (auto& thread : threads_) thread.request_stop();
    threads_.clear();  // joins
  }
  std::size_t count() const { return threads_.size(); }
  // How many tasks of about 1 MiB to start ahead: enough that nobody waits when the machine is busy with other work
  // too.
  std::size_t ahead() const { return threads_.size() + 10; }
  Buffers& buffers() { return buffers_; }

  template <typename F>
  auto submit(F task) -> std::future<decltype(task())> {
    auto packaged = std::make_shared<std::packaged_task<decltype(task())()>>(std::move(task));
    auto result = packaged->get_future();
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back([packaged] { (*packaged)(); });
    }
    ready_.notify_one();
    return result;
  }

  // The task's result. Until it is there the caller works on tasks that are waiting.
  template <typename T>
  T get(std::future<T>& result) {
    while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      std::function<void()> task;
      {
        std::lock_guard lock(mutex_);
        if (!tasks_.empty()) {
          task = std::move(tasks_.front());
          tasks_.pop_front();
        }
      }
      if (!task) break;
      task();
    }
    return result.get();
  }

 private:
  void run(const std::stop_token& stop) {
    while (true) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        if (!ready_.wait(lock, stop, [this] { return !tasks_.empty(); }) || stop.stop_requested()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  Buffers buffers_;
  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::jthread> threads_;  // last: joined before what they use goes
};

}  // namespace eai::preserve
