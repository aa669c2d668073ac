// Why: a file that is to become a text model must be a GGUF, whether it was downloaded or lies in somebody's folder,
// and that must be known before an engine opens it.
// Thread: any; it blocks on the disk, but reads only the header.
#pragma once

#include <string_view>

#include "util/file.h"
#include "util/result.h"

namespace eai::store {

enum class GgufRole { model, projector };
// Of a file that has this name in the store.
GgufRole role_of(std::string_view stored_name);

// Code::invalid if it is not a GGUF file, if its header claims more than the file can hold, or if it says that the file
// is for something else.
Result<void> check_gguf(const fs::path& path, GgufRole role);

}  // namespace eai::store
