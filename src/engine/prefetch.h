// Why: while one model leaves, the files of the next can already be read, so that its engine finds them in memory.
// Thread: any; both functions block on the disk.
// What holds: nothing here can fail. If a file cannot be read, its engine will complain.
#pragma once

#include <vector>

#include "engine/model_spec.h"

namespace eai::engine {

// All files that this model's engine will read: weights (every file in the folder of an image model), projector, adapters and
// draft model.
std::vector<fs::path> files_of(const ModelSpec& spec);

// Asks the system to have them in its page cache soon.
void prefetch(const std::vector<fs::path>& files);

}  // namespace eai::engine
