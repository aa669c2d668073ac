// Why: when a model is removed, what its engines have left behind goes with it: memory that was measured, how
// it fits the devices, and conversations that were saved.
// Thread: any; blocks on the disk. A server may run at the same time.
// What holds: what was removed stays removed, unless a server still serves the model. Logs stay: they are a diary of
// what the machine has done, and are rotated.
#pragma once

#include <string>

#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

// Where engines leave things, as in PoolOptions. None of it needs to exist.
struct Remains {
  fs::path measured_file, fits_file, slot_folder;
};

// Code::io if one of the files cannot be written; everything else is gone even then.
Result<void> forget(const std::string& id, const Remains& remains);

}  // namespace eai::engine
