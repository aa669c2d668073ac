// Why: the few things every room does with files, done so that a crash leaves the old state or the new one.
// Thread: any; no shared state.
// What holds: paths given here were made by this program (from decoded CIDs and fixed names), never taken from
// foreign bytes as they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "util/bytes.h"
#include "util/result.h"

namespace eai {

namespace fs = std::filesystem;

// Owns a file descriptor; closes it. -1 is "none".
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC; mode 0600 where it creates. The error names the path.
Result<UniqueFd> open_file(const fs::path& path, int flags, unsigned mode = 0600);

// The whole file; Code::invalid if it is larger than `limit` bytes.
Result<Bytes> read_file(const fs::path& path, std::uint64_t limit);

// Whole-buffer reads and writes: retried on EINTR and short counts. read_at fails with Code::io at end of file.
Result<void> write_all(int fd, ByteView bytes);
Result<void> write_at(int fd, std::uint64_t offset, ByteView bytes);
Result<void> read_at(int fd, std::uint64_t offset, std::span<std::uint8_t> into);

// Writes to a temporary name beside `path`, syncs, renames over it, syncs the folder: after a crash the path holds
// the old bytes or the new ones, whole.
Result<void> write_file_atomic(const fs::path& path, ByteView bytes, unsigned mode = 0600);

// fsync of a file or folder given by path.
Result<void> sync_path(const fs::path& path);

// Creates the folder and its parents. `mode` is that of folders it makes.
Result<void> make_folders(const fs::path& path, unsigned mode = 0755);

// rename(2), then fsync of the folder that holds `to`.
Result<void> rename_synced(const fs::path& from, const fs::path& to);

// Removes a file or a tree; what is not there is no error. Links are removed, never followed.
Result<void> remove_all(const fs::path& path);

// Bytes that an ordinary user may still write to the file system that holds `path` (an existing ancestor is used).
Result<std::uint64_t> free_space(const fs::path& path);

// An advisory lock (flock) on a file that is created when missing; released when the object goes, or the process.
class FileLock {
 public:
  enum class Wait { no, yes };
  // Code::busy if Wait::no and somebody else holds it. Wait::yes blocks the thread.
  static Result<FileLock> take(const fs::path& path, Wait wait);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// A fresh folder under the system's temporary folder, removed with its content when the object goes.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(TemporaryFolder&&) = delete;
  ~TemporaryFolder();
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace eai
