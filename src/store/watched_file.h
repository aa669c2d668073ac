// Why: a file that is given on stays open for days, and may be written to, replaced or removed in that time.
// Thread: one at a time.
#pragma once

#include <memory>

#include <sys/stat.h>

#include "util/file.h"

namespace eai::store {

class WatchedFile {
 public:
  static Result<WatchedFile> open(const fs::path& path);

  // Null: it is gone.
  const std::shared_ptr<const UniqueFd>& descriptor() const { return fd_; }
  // That of a file that is gone, as long as somebody still holds it.
  std::shared_ptr<const UniqueFd> held_by_others() const { return before_.lock(); }
  std::uint64_t size() const { return seen_.size; }

  // What happened since the last look. A file that took the place of this one is opened, and has changed; so has one that
  // was gone and is back.
  enum class Since { same, changed, gone };
  Since look();

 private:
  // What tells a file from another one, and from itself before it was written to.
  struct Seen {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t written = 0, changed = 0;  // nanoseconds
    bool operator==(const Seen&) const = default;
  };
  static Seen seen_of(const struct stat& info);

  fs::path path_;
  std::shared_ptr<const UniqueFd> fd_;
  std::weak_ptr<const UniqueFd> before_;
  Seen seen_;
};

}  // namespace eai::store
