#include "store/watched_file.h"

#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace eai::store {
namespace {

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

WatchedFile::Seen WatchedFile::seen_of(const struct stat& info) {
  Seen out{info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size), 0, 0};
#ifdef __APPLE__
  out.written = nanoseconds(info.st_mtimespec);
  out.changed = nanoseconds(info.st_ctimespec);
#else
  out.written = nanoseconds(info.st_mtim);
  out.changed = nanoseconds(info.st_ctim);
#endif
  return out;
}

Result<WatchedFile> WatchedFile::open(const fs::path& path) {
  WatchedFile out;
  out.path_ = path;
  // A FIFO would block until somebody opens its other end.
  EAI_TRY(UniqueFd fd, open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("looking at " + path.string(), errno);
  out.seen_ = seen_of(info);
  out.fd_ = std::make_shared<const UniqueFd>(std::move(fd));
  return out;
}

// By its path: whoever removes or replaces the file may have another name for it.
WatchedFile::Since WatchedFile::look() {
  struct stat info {};
  if (::lstat(path_.c_str(), &info) == 0) {
    const Seen now = seen_of(info);
    if (fd_ && now == seen_) return Since::same;
    if (fd_ && now.device == seen_.device && now.inode == seen_.inode) {
      seen_ = now;
      return Since::changed;
    }
    if (auto other = open(path_)) {
      *this = *std::move(other);
      return Since::changed;
    }
  }
  if (fd_) before_ = std::exchange(fd_, nullptr);
  return Since::gone;
}

}  // namespace eai::store
