#include "store/leaf_check.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <boost/asio/post.hpp>
#include <fcntl.h>

#include "store/clone_file.h"
#include "util/thread_crew.h"

namespace eai::store {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_most_threads = 16;

// One reading of a file, by several threads that each take the next leaf.
class Reading {
 public:
  Reading(UniqueFd file, const ipld::LeafTable& leaves) : file_(std::move(file)), leaves_(leaves) {}

  void work() {
    Bytes content;
    for (std::size_t leaf = next_++; leaf < leaves_.count() && !stopped_; leaf = next_++) {
      const ByteRange range = leaves_.range(leaf);
      content.resize(range.size());
      if (!read_at(file_.get(), range.begin, content) || !leaves_.proves(leaf, content)) {
        const std::lock_guard hold(mutex_);
        damaged_.push_back(leaf);
      }
      read_ += range.size();
    }
    const std::lock_guard hold(mutex_);
    ++ended_;
    changed_.notify_one();
  }

  Result<std::vector<std::size_t>> wait_for(std::size_t workers, const std::function<void(std::uint64_t)>& progress,
                                            const std::stop_token& stop) {
    std::unique_lock hold(mutex_);
    std::uint64_t told = 0;
    while (true) {
      const bool done = changed_.wait_for(hold, 100ms, [&] { return ended_ == workers; });
      stopped_ = stopped_ || stop.stop_requested();
      if (const std::uint64_t read = read_; progress && read > told) {
        progress(read - told);
        told = read;
      }
      if (done) break;
    }
    if (stopped_) return fail(Code::cancelled, "interrupted");
    std::ranges::sort(damaged_);
    return std::move(damaged_);
  }

 private:
  UniqueFd file_;
  const ipld::LeafTable& leaves_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::uint64_t> read_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t ended_ = 0;
  std::vector<std::size_t> damaged_;
};

}  // namespace

Result<std::vector<std::size_t>> find_damaged_leaves(const fs::path& file, const ipld::LeafTable& leaves,
                                                     const std::function<void(std::uint64_t)>& progress,
                                                     const std::stop_token& stop) {
  EAI_TRY(UniqueFd fd, open_file(file, O_RDONLY | O_NOFOLLOW));
  Reading reading(std::move(fd), leaves);
  const std::size_t wanted = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, k_most_threads);
  EAI_TRY(const auto crew, ThreadCrew::start(std::min(wanted, std::max<std::size_t>(leaves.count(), 1))));
  for (std::size_t i = 0; i < crew->size(); ++i) boost::asio::post(crew->executor(), [&reading] { reading.work(); });
  return reading.wait_for(crew->size(), progress, stop);
}

Result<bool> clone_if_whole(const fs::path& from, const fs::path& trial, const fs::path& to,
                            const ipld::LeafTable& leaves, const std::function<void(std::uint64_t)>& progress,
                            const std::stop_token& stop) {
  EAI_CHECK(eai::remove_all(trial));
  if (!clone_file(from, trial, {}, stop)) return false;
  const auto damaged = find_damaged_leaves(trial, leaves, progress, stop);
  if (damaged && damaged->empty()) {
    EAI_CHECK(rename_synced(trial, to));
    return true;
  }
  EAI_CHECK(eai::remove_all(trial));
  if (!damaged && damaged.error().code == Code::cancelled) return Failure(damaged.error());
  return false;
}

}  // namespace eai::store
