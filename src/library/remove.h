// Why: a model makes room again.
// Thread: any. Blocks on the disk.
#pragma once

#include "library/resolve.h"

namespace eai::library {

// Code::busy: the running server serves the model.
Result<void> check_not_served(const Library& library, const Asked& asked);

// Removes the model, whole or damaged, what there is of a download of it, and everything that is known about it here:
// the lists of its blocks, its measured memory, its saved conversations. Returns the bytes that it had. Code::not_found:
// nothing of it is here; Code::busy: another process works on it. After another failure the same call goes on.
// Logs stay, being a diary of what the machine has done, and so does what the user wrote into the configuration.
Result<std::uint64_t> remove(Library& library, const Asked& asked);

}  // namespace eai::library
