#include "library/log_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/own_folder.h"

namespace eai::library {
namespace {

constexpr std::uint64_t k_block = 64 * k_kib;
constexpr std::size_t k_line_limit = 64 * k_kib;  // a longer one is given in pieces

struct Start {
  std::uint64_t offset = 0;
  std::uint64_t lines = 0;  // from there to the end
};

Result<std::uint64_t> size_of(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno("looking at a log", errno);
  return static_cast<std::uint64_t>(info.st_size);
}

// Where the last `count` lines begin, read from the end.
Result<Start> start_of_last(int fd, std::uint64_t count) {
  EAI_TRY(const std::uint64_t size, size_of(fd));
  Start start{size, 0};
  Bytes block;
  for (std::uint64_t end = size; end > 0 && start.lines < count;) {
    const std::uint64_t begin = end - std::min(end, k_block);
    block.resize(end - begin);
    EAI_CHECK(read_at(fd, begin, block));
    for (std::uint64_t at = end; at > begin && start.lines < count; --at) {
      // A line begins behind a newline that is not the last byte of all.
      if (block[at - 1 - begin] != '\n' || at == size) continue;
      start = {at, start.lines + 1};
    }
    end = begin;
  }
  if (start.lines < count && size > 0) start = {0, start.lines + 1};
  return start;
}

}  // namespace

Result<void> LogReader::last(std::uint64_t count) {
  auto file = open_own_file(path_, O_RDONLY);
  if (!file) return Failure(std::move(file).error());
  EAI_TRY(const Start start, start_of_last(file->get(), count));
  if (start.lines < count) {
    if (auto before = open_own_file(path_.string() + ".1", O_RDONLY)) {
      EAI_TRY(const Start earlier, start_of_last(before->get(), count - start.lines));
      file_ = *std::move(before);
      offset_ = earlier.offset;
      EAI_CHECK(read_on());
    }
  }
  file_ = *std::move(file);
  offset_ = start.offset;
  return read_on();
}

Result<void> LogReader::more() {
  if (file_) EAI_CHECK(read_on());
  return reopen();
}

// The file that has the name now, if it is another one than before.
Result<void> LogReader::reopen() {
  struct stat named {
  }, open{};
  if (::stat(path_.c_str(), &named) != 0) {
    return errno == ENOENT ? Result<void>{} : Result<void>(fail_errno(path_.string(), errno));
  }
  if (file_ && ::fstat(file_.get(), &open) == 0 && open.st_ino == named.st_ino && open.st_dev == named.st_dev) {
    return {};
  }
  // What was written between the last look and the rename.
  if (file_) EAI_CHECK(read_on());
  auto file = open_own_file(path_, O_RDONLY);
  if (!file && file.error().code == Code::not_found) return {};
  if (!file) return Failure(std::move(file).error());
  file_ = *std::move(file);
  offset_ = 0;
  return read_on();
}

Result<void> LogReader::read_on() {
  EAI_TRY(const std::uint64_t size, size_of(file_.get()));
  if (size < offset_) offset_ = 0;  // emptied in place
  std::array<char, k_block> block{};
  while (true) {
    const ssize_t n = ::pread(file_.get(), block.data(), block.size(), static_cast<off_t>(offset_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("reading " + path_.string(), errno);
    if (n == 0) return {};
    offset_ += static_cast<std::uint64_t>(n);
    for (const char c : std::string_view(block.data(), static_cast<std::size_t>(n))) {
      if (c != '\n') unfinished_ += c;
      if (c == '\n' || unfinished_.size() >= k_line_limit) on_line_(std::exchange(unfinished_, {}));
    }
  }
}

void LogReader::rest() {
  if (!unfinished_.empty()) on_line_(std::exchange(unfinished_, {}));
}

}  // namespace eai::library
