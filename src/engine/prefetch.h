// Why: while a model leaves, the files of the next one can already be read, so that its start finds them in memory.
// Thread: any; both block on the disk.
// What holds: nothing here can fail; what cannot be read is left for the engine to complain about.
#pragma once

#include <vector>

#include "engine/model_spec.h"

namespace eai::engine {

// All files that this model's engine will read: weights (of an image model every file of its folder), projector, adapters,
// draft model.
std::vector<fs::path> files_of(const ModelSpec& spec);

// Asks the system to have them in its page cache soon.
void prefetch(const std::vector<fs::path>& files);

}  // namespace eai::engine
