// Why: a file that is to become a text model must be a GGUF, whether it was downloaded or lies in somebody's folder,
// and that must be known before an engine opens it.
// Thread: any; it blocks on the disk, but reads only the header.
#pragma once

#include "util/file.h"
#include "util/result.h"

namespace eai::store {

// Code::invalid if it is not a GGUF file, or if its header claims more than the file can hold.
Result<void> check_gguf(const fs::path& path);

}  // namespace eai::store
