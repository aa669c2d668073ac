#include "store/clone_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/fs.h>
#include <sys/ioctl.h>
#endif

#include <cerrno>
#include <cstdlib>

#include "util/folder_entry.h"
#include "util/own_folder.h"
#include "util/text.h"

namespace eai::store {
namespace {

bool reflink([[maybe_unused]] int from, [[maybe_unused]] int to) {
#ifdef FICLONE
  return ::ioctl(to, FICLONE, from) == 0;
#else
  return false;
#endif
}

Result<void> copy_bytes(int from, int to, std::uint64_t size, const std::function<void(std::uint64_t)>& progress,
                        const std::stop_token& stop) {
  Bytes piece(std::min<std::uint64_t>(size, k_mib));
  for (std::uint64_t at = 0; at < size;) {
    if (stop.stop_requested()) return fail(Code::cancelled, "interrupted");
    std::span<std::uint8_t> into(piece.data(), std::min<std::uint64_t>(piece.size(), size - at));
    EAI_CHECK(read_at(from, at, into));
    EAI_CHECK(write_all(to, into));
    at += into.size();
    if (progress) progress(into.size());
  }
  return {};
}

Result<void> check_space(const fs::path& from, const fs::path& to, std::uint64_t size) {
  EAI_TRY(std::uint64_t space, free_space(to.parent_path()));
  if (space >= size) return {};
  return fail(Code::io, "copying " + from.string() + " needs " + human_bytes(size) + ", but only " +
                            human_bytes(space) + " are free at " + to.parent_path().string());
}

Failure needs_a_copy(const fs::path& from, std::uint64_t size) {
  return fail_about("copying", Code::unsupported,
                    printable(from.string(), 400) +
                        " cannot get a second name here, because it lies on another file system or because other users "
                        "may change it, so its " +
                        human_bytes(size) + " would have to be copied");
}

}  // namespace

std::string_view name_of(CloneWay way) {
  switch (way) {
    case CloneWay::hard_link:
      return "hard link";
    case CloneWay::reflink:
      return "shared blocks";
    case CloneWay::copy:
      return "copy";
  }
  return "copy";
}

Result<CloneWay> clone_file(const fs::path& from, const fs::path& to,
                            const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop,
                            Copying copying) {
  EAI_TRY(const EntryKind kind, entry_kind(from));  // a device could do something when it is opened
  if (kind != EntryKind::file) return fail(Code::invalid, from.string() + " is not a regular file");
  EAI_TRY(UniqueFd source, open_file(from, O_RDONLY | O_NONBLOCK));
  struct stat info {};
  if (::fstat(source.get(), &info) != 0) return fail_errno("reading " + from.string(), errno);
  if (!S_ISREG(info.st_mode)) return fail(Code::invalid, from.string() + " is not a regular file");
  // The file itself gets the second name, not a link that leads to it, which could later lead elsewhere.
  // Of a file that another user may still change, the store gets bytes of its own.
  const bool ours = !is_in_foreign_hands(info);
  if (ours && ::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW) == 0) {
    struct stat there {};
    if (::lstat(to.c_str(), &there) == 0 && there.st_ino == info.st_ino && there.st_dev == info.st_dev) {
      return CloneWay::hard_link;
    }
    ::unlink(to.c_str());
    return fail(Code::busy, from.string() + " was replaced while it was taken over; try again");
  }
  UniqueFd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!target && errno == EEXIST) return fail(Code::io, to.string() + " already exists");
  if (!target) return fail_errno("opening " + to.string(), errno);
  if (reflink(source.get(), target.get())) return CloneWay::reflink;
  auto size = static_cast<std::uint64_t>(info.st_size);
  Result<void> copied = copying == Copying::allowed ? check_space(from, to, size) : needs_a_copy(from, size);
  if (copied) copied = copy_bytes(source.get(), target.get(), size, progress, stop);
  if (!copied) {
    ::unlink(to.c_str());
    if (copying == Copying::refused) return Failure(std::move(copied).error());
    return Failure(std::move(copied).error().with("copying " + from.string()));
  }
  return CloneWay::copy;
}

bool share_blocks(const fs::path& from, const fs::path& to) {
  const UniqueFd source(::open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!source) return false;
  const UniqueFd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!target) return false;
  if (reflink(source.get(), target.get())) return true;
  ::unlink(to.c_str());
  return false;
}

Result<bool> can_share_blocks(const fs::path& folder) {
  const auto refused = [&](int number) { return fail_errno("writing to " + printable(folder.string(), 400), number); };
#ifdef O_TMPFILE
  const auto make = [&] { return UniqueFd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)); };
  const UniqueFd from = make(), to = make();
  if (from && to) {
    const Bytes some(4096, 1);
    if (auto written = write_all(from.get(), some); !written) return refused(errno);
    return reflink(from.get(), to.get());
  }
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return refused(errno);
#endif
  std::string name = (folder / ".eai-XXXXXX").string();
  const UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return refused(errno);
  ::unlink(name.c_str());
  return false;
}

}  // namespace eai::store
