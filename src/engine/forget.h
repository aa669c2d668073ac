// Why: when a model is removed, what its engines have left behind goes with it: memory that was measured, and
// conversations that were saved.
// Thread: any; blocks on the disk. A server may run at the same time.
// What holds: what was removed stays removed, unless a server still serves the model. Logs stay: they are a diary of
// what the machine has done, and are rotated.
#pragma once

#include <string>

#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

// The files and folders are those of PoolOptions; they need not exist. Code::io if the measured file cannot be written;
// what was saved of conversations is gone even then.
Result<void> forget(const std::string& id, const fs::path& measured_file, const fs::path& slot_folder);

}  // namespace eai::engine
