// Why: this brings a file from elsewhere on this disk into the store without writing its bytes a second time.
// Thread: any; it blocks on the disk.
#pragma once

#include <functional>
#include <stop_token>

#include "util/file.h"
#include "util/result.h"

namespace eai::store {

enum class CloneWay {
  hard_link,  // two names for one file; takes no space
  reflink,    // a copy that shares its blocks until one of the two is changed
  copy,       // on another file system; takes the space twice
};
std::string_view name_of(CloneWay way);  // "hard link", "shared blocks", "copy"

enum class Copying { allowed, refused };

// Takes the cheapest way that works; a file that another user can change is not linked. `to` must not exist, but its
// folder must. `from` is never changed. `progress` gets the bytes of each piece, and only if it has to copy.
// Code::invalid if `from` is not a regular file, or a link to one (util/folder_entry.h); Code::io, with both numbers, if
// there is too little space for a copy; Code::unsupported, about "copying", if only a copy would do and that is refused; Code::cancelled if
// stopped. After a failure there is no `to`.
Result<CloneWay> clone_file(const fs::path& from, const fs::path& to,
                            const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop,
                            Copying copying = Copying::allowed);

// A copy that takes no room until one of the two is written to. False if this file system has none: there is no `to` then.
bool share_blocks(const fs::path& from, const fs::path& to);

// Whether files in this folder can do so, which is tried with two files that have no name, where there are such. Code::io: the folder cannot be
// written to, or there is no space.
Result<bool> can_share_blocks(const fs::path& folder);

}  // namespace eai::store
