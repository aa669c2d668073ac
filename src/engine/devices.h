// Why: where an engine computes on a GPU, models have to share that GPU's memory rather than the machine's RAM.
// Thread: find_devices blocks its caller for a moment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/kind.h"
#include "util/result.h"

namespace eai::engine {

struct Device {
  std::string name;          // "CUDA0"
  std::string description;   // for people
  std::uint64_t memory = 0;  // bytes, all of it
  bool operator==(const Device&) const = default;
};

// The GPUs that the first engine which can list them finds. Engines that are not installed are passed over. Code::io: the
// program could not be started, failed, or did not end in ten seconds.
Result<std::vector<Device>> find_devices(const Programs& programs);

}  // namespace eai::engine
