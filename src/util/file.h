// Why: every room does the same few things with files, and a crash must leave either the old state or the new one.
// Thread: any; there is no shared state.
// What holds: the program made the paths that it passes here itself, from decoded CIDs and fixed names; it never takes
// them from foreign bytes as they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "util/bytes.h"
#include "util/result.h"

namespace eai {

namespace fs = std::filesystem;

// Owns a file descriptor and closes it. -1 means "none".
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

// open(2) with O_CLOEXEC. `mode` is that of a file which it creates. The error names the path.
Result<UniqueFd> open_file(const fs::path& path, int flags, unsigned mode = 0600);

// The whole file; Code::invalid if it is larger than `limit` bytes or is a folder.
Result<Bytes> read_file(const fs::path& path, std::uint64_t limit);

// These read or write the whole buffer, whatever interrupts them. read_at fails with Code::io at the end of the file.
Result<void> write_all(int fd, ByteView bytes);
Result<void> write_at(int fd, std::uint64_t offset, ByteView bytes);
Result<void> read_at(int fd, std::uint64_t offset, std::span<std::uint8_t> into);

// Writes to a temporary name beside `path`, syncs, renames it to `path` and syncs the folder. After a crash or a
// failure the path holds all of the old bytes or all of the new ones.
Result<void> write_file_atomic(const fs::path& path, ByteView bytes, unsigned mode = 0600);

// fsync(2) of a file or folder given by its path.
Result<void> sync_path(const fs::path& path);

// Creates the folder and its parents. `mode` is that of the folders which it creates.
Result<void> make_folders(const fs::path& path, unsigned mode = 0755);

// rename(2), then fsync(2) of the folder that holds `to`.
Result<void> rename_synced(const fs::path& from, const fs::path& to);

// Removes a file or a tree. It is not an error if there is none. Links are removed, never followed.
Result<void> remove_all(const fs::path& path);

// The bytes of all regular files below the folder, or of the file itself. What cannot be read counts as nothing.
std::uint64_t bytes_below(const fs::path& path);

// How many bytes an ordinary user may still write to the file system of `path`, or of its nearest ancestor that exists.
Result<std::uint64_t> free_space(const fs::path& path);

// An advisory lock (flock) on a file, which is created if it does not exist. The lock ends with the object or the
// process. Its holder may remove the file: whoever waited for the lock then gets one on a new file.
class FileLock {
 public:
  enum class Wait { no, yes };
  // Wait::no: Code::busy if somebody else holds it. Wait::yes blocks the thread.
  static Result<FileLock> take(const fs::path& path, Wait wait);
  // Whether somebody holds it now. Creates nothing, writes nothing, and never makes a take() fail.
  static Result<bool> is_held(const fs::path& path);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// A new folder in the system's temporary folder. It is removed with its content when the object goes.
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
