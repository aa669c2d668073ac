#include "store/watched_file.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace eai::store {
namespace {

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

Result<WatchedFile::Seen> WatchedFile::stat(const UniqueFd& fd, bool& linked) {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("looking at a file", errno);
  linked = info.st_nlink > 0;
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
  bool linked = true;
  EAI_TRY(out.seen_, stat(fd, linked));
  out.fd_ = std::make_shared<const UniqueFd>(std::move(fd));
  return out;
}

WatchedFile::Since WatchedFile::look() {
  if (!fd_) return Since::gone;
  bool linked = true;
  const auto now = stat(*fd_, linked);
  if (now && linked) return std::exchange(seen_, *now) == *now ? Since::same : Since::changed;
  auto other = open(path_);
  if (other) {
    *this = *std::move(other);
    return Since::changed;
  }
  fd_.reset();  // its readers still have it
  return Since::gone;
}

}  // namespace eai::store
