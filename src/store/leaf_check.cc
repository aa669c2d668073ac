#include "store/leaf_check.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/clone_file.h"
#include "util/file_window.h"
#include "util/thread_crew.h"

namespace eai::store {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_most_threads = 16;

// Leaves that lie together are mapped at once, because each mapping makes the other threads wait: at most so many bytes for
// one thread, and for all of them.
constexpr std::uint64_t k_most_mapped = 8 * k_mib, k_mapped_by_all = 32 * k_mib;

// One reading of a file, by several threads that each take the next leaves.
class Reading {
 public:
  Reading(UniqueFd file, const struct stat& info, const ipld::LeafTable& leaves, std::size_t workers)
      : file_(std::move(file)),
        most_mapped_(std::min(k_most_mapped, k_mapped_by_all / workers)),
        may_map_(static_cast<std::uint64_t>(info.st_blocks) * 512 >= static_cast<std::uint64_t>(info.st_size)),
        leaves_(leaves) {}

  void work() {
    Bytes buffer;
    for (Run run = take(); run.first < run.end && !stopped_; run = take()) {
      auto damaged = check_mapped(run);
      if (!damaged) damaged = check_read(run, buffer);
      if (damaged->empty()) continue;
      const std::lock_guard hold(mutex_);
      damaged_.insert(damaged_.end(), damaged->begin(), damaged->end());
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
  struct Run {
    std::size_t first = 0, end = 0;
  };
  using Damaged = std::vector<std::size_t>;

  Run take() {
    const std::lock_guard hold(mutex_);
    Run run{next_, next_};
    const auto fits = [&] { return leaves_.range(run.end).end - leaves_.range(run.first).begin <= most_mapped_; };
    while (run.end < leaves_.count() && (run.end == run.first || (may_map_ && fits()))) ++run.end;
    next_ = run.end;
    return run;
  }

  // Nothing: not all of the bytes were there to be mapped.
  std::optional<Damaged> check_mapped(const Run& run) {
    const ByteRange all{leaves_.range(run.first).begin, leaves_.range(run.end - 1).end};
    if (!may_map_) return std::nullopt;
    const auto window = FileWindow::open(file_.get(), all.begin, static_cast<std::size_t>(all.size()));
    if (!window) return std::nullopt;
    Damaged damaged = leaves_.refused(run.first, run.end, (*window)->bytes());
    struct stat info {};
    if ((*window)->cut() || ::fstat(file_.get(), &info) != 0 || static_cast<std::uint64_t>(info.st_size) < all.end)
      return std::nullopt;
    read_ += all.size();
    return damaged;
  }

  Damaged check_read(const Run& run, Bytes& content) {
    Damaged damaged;
    for (std::size_t leaf = run.first; leaf < run.end && !stopped_; ++leaf) {
      const ByteRange range = leaves_.range(leaf);
      content.resize(range.size());
      if (!read_at(file_.get(), range.begin, content) || !leaves_.proves(leaf, content)) damaged.push_back(leaf);
      read_ += range.size();
    }
    return damaged;
  }

  UniqueFd file_;
  std::uint64_t most_mapped_;
  bool may_map_;  // not a file with holes, which can take up room once they are looked at
  const ipld::LeafTable& leaves_;
  std::atomic<std::uint64_t> read_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t next_ = 0, ended_ = 0;
  Damaged damaged_;
};

}  // namespace

Result<std::vector<std::size_t>> find_damaged_leaves(const fs::path& file, const ipld::LeafTable& leaves,
                                                     const std::function<void(std::uint64_t)>& progress,
                                                     const std::stop_token& stop) {
  EAI_TRY(UniqueFd fd, open_file(file, O_RDONLY | O_NOFOLLOW));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("reading " + file.string(), errno);
  const std::size_t threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, k_most_threads);
  const std::size_t wanted = std::min(threads, std::max<std::size_t>(leaves.count(), 1));
  Reading reading(std::move(fd), info, leaves, wanted);
  EAI_TRY(const auto crew, ThreadCrew::start(wanted));
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

Result<std::optional<std::vector<std::size_t>>> clone_to_mend(const fs::path& from, const fs::path& trial,
                                                              const fs::path& to, const ipld::LeafTable& leaves,
                                                              ShareBlocks share,
                                                              const std::function<void(std::uint64_t)>& progress,
                                                              const std::stop_token& stop) {
  if (!share(from, trial)) return std::nullopt;
  EAI_TRY(auto damaged, find_damaged_leaves(trial, leaves, progress, stop));
  EAI_CHECK(rename_synced(trial, to));
  return damaged;
}

}  // namespace eai::store
