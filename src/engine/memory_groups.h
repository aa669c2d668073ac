// Why: both the budget and the watch over free memory must look at every control group that this process is in.
// Thread: any; reads nothing itself.
// Source: cgroups(7): one line per hierarchy in /proc/self/cgroup; "0::/path" is version 2, "4:memory:/path" version 1's memory
// controller.
#pragma once

#include <functional>
#include <string_view>

#include "util/file.h"

namespace eai::engine {

struct MemoryGroup {
  fs::path folder;
  bool version2 = true;
};

// Calls `visit` for each group that limits memory, from the process's own up to the root. `root`: /sys/fs/cgroup;
// `membership`: the content of /proc/self/cgroup.
void for_each_memory_group(const fs::path& root, std::string_view membership,
                           const std::function<void(const MemoryGroup&)>& visit);

}  // namespace eai::engine
