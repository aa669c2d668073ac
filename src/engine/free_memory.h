// Why: what models take is counted, but what other programs take is not. Before the kernel has to choose whom it ends, the
// pool can let a model go.
// Thread: any; reads small files of the system.
// Source: proc(5) MemAvailable; the kernel's admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "util/file.h"

namespace eai::engine {

// Bytes that can still be taken before the machine, or a control group that this process is in, is short of memory. Pages
// of files that could be read again count as free. Nothing if the system does not tell.
std::optional<std::uint64_t> free_memory();

// Where the files of the system are; exposed for tests.
struct MemoryFiles {
  fs::path meminfo = "/proc/meminfo", groups = "/sys/fs/cgroup";
};
// `membership`: the content of /proc/self/cgroup.
std::optional<std::uint64_t> free_memory(const MemoryFiles& files, std::string_view membership);

}  // namespace eai::engine
