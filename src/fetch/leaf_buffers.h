// Why: a leaf is hashed before a byte of it is written, so it is received into memory, and how much memory that takes
// must have a bound.
// Thread: any.
// What holds: at most `limit` bytes are handed out at once. Who asks for more waits until some come back: the owner of a
// download then takes nothing from the network until its helpers have caught up.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "util/bytes.h"

namespace eai::fetch {

class LeafBuffers {
 public:
  explicit LeafBuffers(std::uint64_t limit) : limit_(limit) {}

  // Gives its share back when it goes.
  class Buffer {
   public:
    Buffer(LeafBuffers& of, std::uint64_t size) : of_(of), size_(size) { bytes.reserve(size); }
    Buffer(const Buffer&) = delete;
    ~Buffer() {
      Bytes().swap(bytes);
      {
        std::lock_guard hold(of_.mutex_);
        of_.used_ -= size_;
      }
      of_.freed_.notify_one();
    }
    Bytes bytes;  // of which there is room for `size`

   private:
    LeafBuffers& of_;
    std::uint64_t size_;
  };

  // Waits. `size` is at most the limit.
  std::unique_ptr<Buffer> take(std::uint64_t size) {
    std::unique_lock hold(mutex_);
    freed_.wait(hold, [&] { return used_ + size <= limit_; });
    used_ += size;
    hold.unlock();
    return std::make_unique<Buffer>(*this, size);
  }

 private:
  std::uint64_t limit_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::uint64_t used_ = 0;
};

}  // namespace eai::fetch
