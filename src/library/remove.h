// Why: a model makes room again.
// Thread: any. Blocks on the disk.
#pragma once

#include "library/resolve.h"

namespace eai::library {

// Code::busy: the running server serves the model.
Result<void> check_not_served(const Library& library, const Asked& asked);

// The model, whole or damaged, and what there is of a download of it. The bytes that it had. Code::not_found: nothing
// of it is here; Code::busy: another process works on it.
Result<std::uint64_t> remove(Library& library, const Asked& asked);

}  // namespace eai::library
