#include "util/own_folder.h"

#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <utility>

#include <dirent.h>
#include <pwd.h>
#include <unistd.h>

#include "util/text.h"

namespace eai {
namespace {

// To go through a folder, one needs no right to list it.
#if defined(O_PATH)
constexpr int k_pass = O_PATH;
#elif defined(O_SEARCH)
constexpr int k_pass = O_SEARCH;
#else
constexpr int k_pass = O_RDONLY;
#endif
constexpr int k_folder = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int k_most_links = 40;  // as many as Linux follows
constexpr mode_t k_others_write = S_IWGRP | S_IWOTH;

std::string shown(const fs::path& path) { return printable(path.string(), 400); }

std::string user_name(uid_t uid) {
  std::array<char, 4096> room{};
  passwd entry{};
  passwd* found = nullptr;
  const bool known = ::getpwuid_r(uid, &entry, room.data(), room.size(), &found) == 0 && found != nullptr;
  return "user " + std::to_string(uid) + (known ? " (" + printable(entry.pw_name, 40) + ")" : "");
}

Failure distrust(const fs::path& path, const std::string& why) { return fail(Code::invalid, shown(path) + " " + why); }

// This user and root; where root has no number (in a user namespace), whoever owns the root folder is as mighty.
bool is_trusted(uid_t uid) {
  struct stat root {};
  return uid == ::geteuid() || uid == 0 || (::stat("/", &root) == 0 && uid == root.st_uid);
}

// Whether everybody may replace what lies in the folder.
bool is_open_to_all(const struct stat& folder) {
  return (folder.st_mode & S_IWOTH) != 0 && (folder.st_mode & S_ISVTX) == 0;
}

// The way to a folder or file, component by component. It stands in a folder that was checked.
class Way {
 public:
  explicit Way(const fs::path& to) {
    for (const fs::path& part : fs::absolute(to)) {
      const std::string name = part.string();
      if (!name.empty() && name != "/" && name != ".") rest_.push_back(name);
    }
  }

  Result<void> begin() {
    at_ = UniqueFd(::open("/", k_pass | k_folder));
    here_ = "/";
    return at_ ? Result<void>() : fail_errno("opening /", errno);
  }
  bool ends() const { return rest_.size() <= 1; }
  const std::string& next() const { return rest_.front(); }
  fs::path next_path() const { return here_ / rest_.front(); }
  int at() const { return at_.get(); }

  // What the next component is; links on the way are followed, the last one too if `follow_last`.
  Result<struct stat> look(bool follow_last) {
    while (true) {
      if (rest_.empty()) return distrust(here_, "is the root of all folders");
      struct stat info {};
      if (::fstatat(at_.get(), next().c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_errno("opening " + shown(next_path()), errno);
      if (!S_ISLNK(info.st_mode) || (ends() && !follow_last)) return info;
      EAI_CHECK(follow(info));
    }
  }

  // Into the next component, which is a folder on the way.
  Result<void> step() {
    UniqueFd inner(::openat(at_.get(), next().c_str(), k_pass | k_folder));
    struct stat info {};
    if (!inner || ::fstat(inner.get(), &info) != 0) return fail_errno("opening " + shown(next_path()), errno);
    here_ = next_path();
    rest_.pop_front();
    at_ = std::move(inner);
    if (!is_open_to_all(info)) return {};
    return distrust(here_, "can be written by every user, so anything in it may be replaced; run `chmod o-w " +
                               shown(here_) + "`, or choose another place");
  }

 private:
  Result<void> follow(const struct stat& link) {
    if (!is_trusted(link.st_uid)) {
      return distrust(next_path(), "is a link that " + user_name(link.st_uid) +
                                       " has made, so it is not followed; remove it, or choose another place");
    }
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlinkat(at_.get(), next().c_str(), target.data(), target.size());
    if (size < 0) return fail_errno("reading the link " + shown(next_path()), errno);
    if (++links_ > k_most_links || size == static_cast<ssize_t>(target.size()))
      return distrust(next_path(), "is a link that leads nowhere");
    const fs::path to(std::string(target.data(), static_cast<std::size_t>(size)));
    rest_.pop_front();
    std::deque<std::string> parts;
    for (const fs::path& part : to) {
      if (const std::string name = part.string(); !name.empty() && name != "/" && name != ".") parts.push_back(name);
    }
    rest_.insert(rest_.begin(), parts.begin(), parts.end());
    return to.is_absolute() ? begin() : Result<void>();
  }

  std::deque<std::string> rest_;
  fs::path here_;
  UniqueFd at_;
  int links_ = 0;
};

Result<void> check_owner(const fs::path& path, const struct stat& info, Privacy privacy) {
  const bool secret = privacy == Privacy::secret;
  if (secret ? info.st_uid == ::geteuid() : is_trusted(info.st_uid)) return {};
  return distrust(path, "belongs to " + user_name(info.st_uid) + ", not to " + user_name(::geteuid()) +
                            ", so it is not used; remove it, give it to this user, or choose another place");
}

Result<void> check_folder(const fs::path& path, int fd, Privacy privacy) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno("opening " + shown(path), errno);
  EAI_CHECK(check_owner(path, info, privacy));
  const bool secret = privacy == Privacy::secret;
  // With the sticky bit nobody can replace what is ours, and what lies in it is looked at itself.
  if (secret ? (info.st_mode & k_others_write) != 0 : is_open_to_all(info)) {
    return distrust(path,
                    "can be written by other users, so it is not used; look whether everything in it is yours, "
                    "then run `chmod go-w " +
                        shown(path) + "`");
  }
  if (secret && (info.st_mode & 077) != 0 && ::fchmod(fd, 0700) != 0)
    return fail_errno("closing " + shown(path) + " to others", errno);
  return {};
}

Failure not_ours(const fs::path& path, const std::string& what) {
  return distrust(path, what + ", so it is not used; remove it, or choose another place");
}

Result<void> check_file(const fs::path& path, const struct stat& info) {
  if (!S_ISREG(info.st_mode)) return not_ours(path, "is not a regular file");
  if (info.st_uid != ::geteuid()) return not_ours(path, "belongs to " + user_name(info.st_uid));
  if (info.st_nlink > 1) return not_ours(path, "is a file with another name elsewhere (a hard link)");
  return {};
}

}  // namespace

bool is_in_foreign_hands(const struct stat& info) { return !is_trusted(info.st_uid) || (info.st_mode & S_IWOTH) != 0; }

Result<UniqueFd> open_own_file(const fs::path& path, int flags, unsigned mode, int folder) {
  constexpr int k_safe = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const int existing = (flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | k_safe;
  UniqueFd fd;
  for (int tries = 0; !fd && tries < 100; ++tries) {  // it may come and go while we look
    if ((flags & O_EXCL) == 0) fd = UniqueFd(::openat(folder, path.c_str(), existing));
    if (fd || (flags & O_CREAT) == 0 || ((flags & O_EXCL) == 0 && errno != ENOENT)) break;
    fd = UniqueFd(::openat(folder, path.c_str(), existing | O_CREAT | O_EXCL, mode));
    if (!fd && (errno != EEXIST || (flags & O_EXCL) != 0)) break;
  }
  if (!fd && (errno == ELOOP || errno == EMLINK)) return not_ours(path, "is a link");
  if (!fd && (errno == ENXIO || errno == EISDIR)) return not_ours(path, "is not a regular file");
  if (!fd) return fail_errno("opening " + shown(path), errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("opening " + shown(path), errno);
  EAI_CHECK(check_file(path, info));
  const int now = ::fcntl(fd.get(), F_GETFL);
  if (now < 0 || ::fcntl(fd.get(), F_SETFL, now & ~O_NONBLOCK) != 0) return fail_errno("opening " + shown(path), errno);
  if ((flags & O_TRUNC) != 0 && ::ftruncate(fd.get(), 0) != 0) return fail_errno("emptying " + shown(path), errno);
  return fd;
}

Result<UniqueFd> open_believable(const fs::path& file) {
  Way way(file);
  EAI_CHECK(way.begin());
  EAI_TRY(struct stat info, way.look(true));
  while (!way.ends()) {
    EAI_CHECK(way.step());
    EAI_TRY(info, way.look(true));
  }
  const fs::path path = way.next_path();
  UniqueFd fd(::openat(way.at(), way.next().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd || ::fstat(fd.get(), &info) != 0) return fail_errno("opening " + shown(path), errno);
  if (!S_ISREG(info.st_mode)) return not_ours(path, "is not a regular file");
  EAI_CHECK(check_owner(path, info, Privacy::open));
  if ((info.st_mode & S_IWOTH) == 0) return fd;
  return distrust(path, "can be written by every user, so it is not read; run `chmod go-w " + shown(path) + "`");
}

Result<OwnFolder> OwnFolder::open(const fs::path& path, Privacy privacy) { return walk(path, privacy, false); }
Result<OwnFolder> OwnFolder::make(const fs::path& path, Privacy privacy) { return walk(path, privacy, true); }

Result<OwnFolder> OwnFolder::walk(const fs::path& path, Privacy privacy, bool create) {
  Way way(path);
  EAI_CHECK(way.begin());
  while (true) {
    auto info = way.look(privacy == Privacy::open);
    if (!info && info.error().code == Code::not_found && create) {
      if (::mkdirat(way.at(), way.next().c_str(), 0700) != 0 && errno != EEXIST)
        return fail_errno("creating the folder " + shown(way.next_path()), errno);
      info = way.look(privacy == Privacy::open);
    }
    if (!info) return Failure(std::move(info).error());
    if (S_ISLNK(info->st_mode)) return not_ours(way.next_path(), "is a link");
    if (!S_ISDIR(info->st_mode)) return not_ours(way.next_path(), "is not a folder");
    if (!way.ends()) {
      EAI_CHECK(way.step());
      continue;
    }
    EAI_CHECK(check_owner(way.next_path(), *info, privacy));  // whoever cannot open it learns why
    UniqueFd fd(::openat(way.at(), way.next().c_str(), O_RDONLY | k_folder));
    if (!fd) return fail_errno("opening " + shown(way.next_path()), errno);
    EAI_CHECK(check_folder(way.next_path(), fd.get(), privacy));
    return OwnFolder(path, std::move(fd));
  }
}

Result<UniqueFd> OwnFolder::open_file(const std::string& name, int flags) const {
  auto file = open_own_file(name, flags, 0600, fd());
  if (!file) return Failure(std::move(file).error().with(shown(path_)));
  return file;
}

Result<Bytes> OwnFolder::read(const std::string& name, std::uint64_t limit) const {
  EAI_TRY(const UniqueFd file, open_file(name, O_RDONLY));
  return read_all(file.get(), path_ / name, limit);
}

Result<void> OwnFolder::write(const std::string& name, ByteView bytes) const {
  return write_file_atomic_at(fd(), path_ / name, bytes, 0600);
}

Result<void> OwnFolder::put_aside(const std::string& name) const {
  if (::renameat(fd(), name.c_str(), fd(), (name + ".1").c_str()) == 0) return {};
  return fail_errno("renaming " + shown(path_ / name), errno);
}

Result<void> OwnFolder::remove(const std::string& name) const {
  if (::unlinkat(fd(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return fail_errno("removing " + shown(path_ / name), errno);
}

Result<FileLock> OwnFolder::lock(const std::string& name, FileLock::Wait wait) const {
  EAI_CHECK(check_place());
  EAI_TRY(FileLock lock, FileLock::take(path_ / name, wait));
  EAI_CHECK(check_place());
  return lock;
}

Result<bool> OwnFolder::is_locked(const std::string& name) const {
  EAI_CHECK(check_place());
  return FileLock::is_held(path_ / name);
}

Result<void> OwnFolder::check_place() const {
  struct stat own {
  }, there{};
  if (::fstat(fd(), &own) == 0 && ::stat(path_.c_str(), &there) == 0 && own.st_dev == there.st_dev &&
      own.st_ino == there.st_ino)
    return {};
  return fail(Code::io, shown(path_) + " was replaced while it was in use");
}

std::vector<std::string> OwnFolder::names() const {
  std::vector<std::string> out;
  UniqueFd again(::openat(fd(), ".", O_RDONLY | k_folder));  // a place of its own in the list
  DIR* list = again ? ::fdopendir(again.get()) : nullptr;
  if (list == nullptr) return out;
  static_cast<void>(again.release());
  while (const dirent* entry = ::readdir(list)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") out.push_back(name);
  }
  ::closedir(list);
  return out;
}

}  // namespace eai
