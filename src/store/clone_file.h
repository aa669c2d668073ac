// Why: a file that lies elsewhere on this disk comes into the store without its bytes being written twice.
// Thread: any. Blocking disk I/O.
#pragma once

#include <functional>
#include <stop_token>

#include "util/file.h"
#include "util/result.h"

namespace eai::store {

enum class CloneWay {
  hard_link,  // two names for one file: no space used
  reflink,    // a copy that shares its blocks until one side is changed
  copy,       // other file system: the space is used twice
};
std::string_view name_of(CloneWay way);  // "hard link", "shared blocks", "copy"

// `to` must not exist; its folder must. `from` is never changed. The cheapest way that works is taken. Before a copy the free
// space is compared (Code::io with both numbers). `progress`: bytes copied, only while copying. After a failure there
// is no `to`. Code::invalid if `from` is not a regular file.
Result<CloneWay> clone_file(const fs::path& from, const fs::path& to,
                            const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop);

}  // namespace eai::store
