#include "util/file.h"

#include <cerrno>
#include <cstdlib>
#include <random>
#include <stdexcept>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "util/own_folder.h"

namespace eai {
namespace {

// Calls f until no signal interrupts it.
template <typename F>
auto uninterrupted(F f) {
  decltype(f()) result;
  do {
    result = f();
  } while (result < 0 && errno == EINTR);
  return result;
}

Failure fail_path(std::string_view verb, const fs::path& path, int error_number) {
  return fail_errno(std::string(verb) + " " + path.string(), error_number);
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int UniqueFd::release() { return std::exchange(fd_, -1); }

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<UniqueFd> open_file(const fs::path& path, int flags, unsigned mode) {
  int fd = uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); });
  if (fd < 0) return fail_path("opening", path, errno);
  return UniqueFd(fd);
}

Result<Bytes> read_file(const fs::path& path, std::uint64_t limit) {
  EAI_TRY(const UniqueFd fd, open_file(path, O_RDONLY));
  return read_all(fd.get(), path, limit);
}

Result<Bytes> read_all(int fd, const fs::path& path, std::uint64_t limit) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_path("reading", path, errno);
  if (S_ISDIR(info.st_mode)) return fail(Code::invalid, path.string() + " is a folder, not a file");
  Bytes out;
  Bytes chunk(64 * k_kib);
  while (true) {
    ssize_t n = uninterrupted([&] { return ::read(fd, chunk.data(), chunk.size()); });
    if (n < 0) return fail_path("reading", path, errno);
    if (n == 0) return out;
    out.insert(out.end(), chunk.begin(), chunk.begin() + n);
    if (out.size() > limit) {
      return fail(Code::invalid, path.string() + " is larger than " + std::to_string(limit) + " bytes");
    }
  }
}

Result<void> write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    ssize_t n = uninterrupted([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (n < 0) return fail_errno("writing", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> write_at(int fd, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    ssize_t n = uninterrupted([&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (n < 0) return fail_errno("writing", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<void> read_at(int fd, std::uint64_t offset, std::span<std::uint8_t> into) {
  while (!into.empty()) {
    ssize_t n = uninterrupted([&] { return ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset)); });
    if (n < 0) return fail_errno("reading", errno);
    if (n == 0) return fail(Code::io, "reading: the file ends too early");
    into = into.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<UniqueFd> make_new_file(int folder, std::string& name, const fs::path& beside) {
  std::random_device random;
  UniqueFd fd;
  std::string whole;
  do {  // O_EXCL: nobody else's file, and no link, is written to
    whole = name + "." + std::to_string(random());
    fd = UniqueFd(::openat(folder, whole.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  } while (!fd && (errno == EEXIST || errno == EINTR));
  if (!fd) return fail_path("creating a file beside", beside, errno);
  name = std::move(whole);
  return fd;
}

Result<void> write_file_atomic(const fs::path& path, ByteView bytes, unsigned mode) {
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  auto folder = open_file(parent, O_RDONLY | O_DIRECTORY);
  if (!folder) return Failure(std::move(folder).error().with("creating a file beside " + path.string()));
  return write_file_atomic_at(folder->get(), path, bytes, mode);
}

Result<void> write_file_atomic_at(int folder, const fs::path& path, ByteView bytes, unsigned mode) {
  const std::string target = path.filename().string();
  std::string name = target;
  EAI_TRY(const UniqueFd fd, make_new_file(folder, name, path));
  auto give_up = [&](Failure why) {
    ::unlinkat(folder, name.c_str(), 0);
    return why;
  };
  if (::fchmod(fd.get(), mode) != 0) return give_up(fail_path("setting the mode of", path, errno));
  if (auto written = write_all(fd.get(), bytes); !written) {
    return give_up(Failure(std::move(written).error().with(path.string())));
  }
  if (::fsync(fd.get()) != 0) return give_up(fail_path("syncing", path, errno));
  if (::renameat(folder, name.c_str(), folder, target.c_str()) != 0) {
    return give_up(fail_path("renaming " + name + " to", path, errno));
  }
  if (::fsync(folder) != 0) return fail_path("syncing the folder of", path, errno);
  return {};
}

Result<void> sync_path(const fs::path& path) {
  EAI_TRY(UniqueFd fd, open_file(path, O_RDONLY));
  if (::fsync(fd.get()) != 0) return fail_path("syncing", path, errno);
  return {};
}

Result<void> make_folders(const fs::path& path, unsigned mode) {
  if (path.empty() || ::mkdir(path.c_str(), mode) == 0) return {};
  if (errno == ENOENT && path.has_parent_path() && path.parent_path() != path) {
    EAI_CHECK(make_folders(path.parent_path(), mode));
    if (::mkdir(path.c_str(), mode) == 0) return {};
  }
  int error_number = errno;
  std::error_code ignored;
  if (error_number == EEXIST && fs::is_directory(path, ignored)) return {};
  return fail_path("creating the folder", path, error_number);
}

Result<void> rename_synced(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return fail_path("renaming " + from.string() + " to", to, errno);
  }
  return sync_path(to.has_parent_path() ? to.parent_path() : fs::path("."));
}

Result<void> remove_all(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return fail(Code::io, "removing " + path.string() + ": " + error.message());
  return {};
}

std::uint64_t bytes_below(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    const std::uint64_t size = fs::file_size(path, error);
    return error ? 0 : size;
  }
  std::uint64_t sum = 0;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;  // a file may go while we look
    if (!it->is_regular_file(gone)) continue;
    const std::uint64_t size = it->file_size(gone);
    if (!gone) sum += size;
  }
  return sum;
}

Result<std::uint64_t> free_space(const fs::path& path) {
  fs::path existing = fs::absolute(path);
  std::error_code ignored;
  while (!fs::exists(existing, ignored) && existing.has_parent_path() && existing != existing.parent_path()) {
    existing = existing.parent_path();
  }
  struct statvfs info {};
  if (::statvfs(existing.c_str(), &info) != 0) return fail_path("reading the free space of", existing, errno);
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

// Whether the open file has lost its name.
static bool is_removed(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && info.st_nlink == 0;
}

Result<FileLock> FileLock::take(const fs::path& path, Wait wait) {
  const int flags = LOCK_EX | (wait == Wait::no ? LOCK_NB : 0);
  while (true) {
    EAI_TRY(UniqueFd fd, open_own_file(path, O_RDWR | O_CREAT));
    if (uninterrupted([&] { return ::flock(fd.get(), flags); }) == 0) {
      if (is_removed(fd.get())) continue;  // by its holder, while we waited
      return FileLock(std::move(fd));
    }
    if (errno != EWOULDBLOCK) return fail_path("locking", path, errno);
    // A shared lock is possible only if nobody holds this one: then somebody is in is_held() at this moment.
    if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) continue;
    return fail(Code::busy, path.string() + " is locked by another process");
  }
}

Result<bool> FileLock::is_held(const fs::path& path) {
  auto fd = open_own_file(path, O_RDONLY);
  if (!fd && fd.error().code == Code::not_found) return false;
  if (!fd) return Failure(std::move(fd).error());
  if (uninterrupted([&] { return ::flock(fd->get(), LOCK_SH | LOCK_NB); }) == 0) return false;
  if (errno == EWOULDBLOCK) return true;
  return fail_path("reading the lock", path, errno);
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "eai-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder: " + name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace eai
