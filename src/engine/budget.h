// Why: all engines together may use so much memory, and people can be told where that figure comes from.
// Thread: any; reads small files of the system.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/devices.h"
#include "util/file.h"

namespace eai::engine {

struct Budget {
  std::uint64_t bytes = 0;
  std::string source;         // "RAM 24.0 GB less 2.4 GB for the rest", "control group's limit …", "CUDA0 …"
  bool on_device = false;     // models lie in GPU memory: what a process has in RAM says nothing about it
  std::uint64_t beyond = 0;   // bytes of RAM that a single model which is larger than the GPU may use as well
  std::uint64_t reserve = 0;  // bytes of RAM: if less is left, the machine is short of memory
  bool fits(std::uint64_t need) const { return need <= bytes || need - bytes <= beyond; }
};

// The devices' memory, else RAM or the smallest memory limit of the control groups that this process is in; less a share
// for the rest of the machine.
Budget find_budget(const std::vector<Device>& devices = {});

// The smallest limit on the way from the group up to the root; exposed for tests. `root`: /sys/fs/cgroup; `membership`: the
// content of /proc/self/cgroup.
std::optional<std::uint64_t> cgroup_limit(const fs::path& root, std::string_view membership);

}  // namespace eai::engine
