// Why: the helper threads of a download report to its owner thread, which waits for transfers.
// Thread: put() from any thread, take() from the owner's.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace eai::fetch {

template <typename Letter>
class Mailbox {
 public:
  // `wake` ends the owner's wait; called from the helpers' threads.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void put(Letter letter) {
    {
      std::lock_guard hold(mutex_);
      letters_.push_back(std::move(letter));
    }
    wake_();
  }
  std::vector<Letter> take() {
    std::lock_guard hold(mutex_);
    return std::exchange(letters_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Letter> letters_;
  std::function<void()> wake_;
};

}  // namespace eai::fetch
