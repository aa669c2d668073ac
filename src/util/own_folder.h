// Why: a path says where a folder should be, not whose it is. Another user may have made it before us, put a link, a
// pipe or a second name of one of our files into it, or may put another folder into its place later. So every folder
// of ours is opened once, checked, and used by its descriptor from then on.
// Thread: any; an OwnFolder may be copied, and all copies share the descriptor.
// What holds: the way to the folder is walked component by component. A folder on that way that everybody may write to
// must have the sticky bit, and a link on it must belong to this user or to root. The folder itself belongs to this user,
// or to root if it holds no secrets, and nobody else may write to it. A file in it is opened only if it is a regular
// file of this user with a single name; it is never opened through a link, and a pipe never makes us wait.
// Source: POSIX.1-2017, open(2), openat(2), fstatat(2); the rules are those of OpenSSH's StrictModes and of systemd's
// CHASE_SAFE, except that a folder on the way may belong to anybody.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "util/file.h"
#include "util/result.h"

namespace eai {

enum class Privacy {
  secret,  // sockets, records, logs, conversations: nobody else may even look, and the last component is not a link
  open,    // models: others may read, a group may be trusted to write, and a link of this user's stands for the folder
};

class OwnFolder {
 public:
  // Code::not_found if it does not exist; Code::invalid says why it cannot be trusted and what to do. Others lose the
  // right to look into a secret one.
  static Result<OwnFolder> open(const fs::path& path, Privacy privacy);
  // The same, and creates what is missing of it with mode 0700.
  static Result<OwnFolder> make(const fs::path& path, Privacy privacy);

  const fs::path& path() const { return path_; }  // for messages, sockets and other programs
  int fd() const { return fd_->get(); }

  // In these, `name` is one component.
  Result<UniqueFd> open_file(const std::string& name, int flags) const;  // as open_own_file
  Result<Bytes> read(const std::string& name, std::uint64_t limit) const;
  Result<void> write(const std::string& name, ByteView bytes) const;  // as write_file_atomic, with mode 0600
  Result<void> put_aside(const std::string& name) const;  // it becomes "<name>.1", in the place of an older one
  Result<void> remove(const std::string& name) const;     // a file of any kind; it is not an error if there is none
  // As FileLock. Code::io if another folder lies at the path by now, since others would look for the lock there.
  Result<FileLock> lock(const std::string& name, FileLock::Wait wait) const;
  Result<bool> is_locked(const std::string& name) const;
  std::vector<std::string> names() const;  // of all entries; those that cannot be read are left out

 private:
  OwnFolder(fs::path path, UniqueFd fd)
      : path_(std::move(path)), fd_(std::make_shared<const UniqueFd>(std::move(fd))) {}
  Result<void> check_place() const;
  static Result<OwnFolder> walk(const fs::path& path, Privacy privacy, bool create);

  fs::path path_;
  std::shared_ptr<const UniqueFd> fd_;
};

// A file of ours in a folder that may be anybody's, or in `folder` if `path` is a name in it. Without O_CREAT it must
// exist; with O_CREAT a missing one is created with O_EXCL. Code::invalid if it is a link, not a regular file, a file
// of another user, or one that has a second name; then nothing has been written or waited for.
Result<UniqueFd> open_own_file(const fs::path& path, int flags, unsigned mode = 0600, int folder = AT_FDCWD);

// A file that says what this program is to do, for reading: it belongs to this user or to root, not everybody may write
// to it, and the way to it is as above. Links of this user's or root's are followed. Code::not_found if there is no such
// file; Code::invalid says what to do.
Result<UniqueFd> open_believable(const fs::path& file);

// Whether somebody who is neither this user nor root may change the file: it is theirs, or everybody may write to it.
bool is_in_foreign_hands(const struct stat& info);

// The whole of an open file; Code::invalid if it is larger than `limit` bytes or is a folder. `path` is for the errors.
Result<Bytes> read_all(int fd, const fs::path& path, std::uint64_t limit);

// write_file_atomic in an open folder, under the last component of `path`; the rest of it is for the errors.
Result<void> write_file_atomic_at(int folder, const fs::path& path, ByteView bytes, unsigned mode);

// A new file with a name that nobody can have guessed, created with O_EXCL and mode 0600. `name` is its beginning, and
// becomes the whole; `beside` is for the errors.
Result<UniqueFd> make_new_file(int folder, std::string& name, const fs::path& beside);

}  // namespace eai
