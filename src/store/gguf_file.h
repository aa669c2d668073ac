// Why: what is to become a model must be one, before any engine opens it: the same question for what was downloaded and
// for what lies in a foreign folder.
// Thread: any. Blocking disk I/O: the header only.
#pragma once

#include "util/file.h"
#include "util/result.h"

namespace eai::store {

// Code::invalid if it is not a GGUF file, or its header promises what its size cannot hold.
Result<void> check_gguf(const fs::path& path);

}  // namespace eai::store
