// Why: a file may share blocks with a copy of it (a reflink). Removing it does not free them.
// Thread: any; asks the file system.
#pragma once

#include <cstdint>

#include "util/file.h"

namespace eai::store {

// Bytes of the file that lie in blocks which another file has as well; 0 where the file system cannot tell.
std::uint64_t shared_blocks(const fs::path& file);

}  // namespace eai::store
