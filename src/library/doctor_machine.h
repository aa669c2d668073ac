// Why: most of what keeps models from running is the machine: an engine that does not start, too little memory, a full disk,
// a folder of another user. `eai doctor` asks for each of these and gets values.
// Thread: any. Blocks on the disk, and on the engines' programs for a moment.
// What holds: nothing is created except files without a name. A secret folder is closed to others, as by every command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/budget.h"
#include "engine/devices.h"
#include "library/engines.h"

namespace eai::library {

struct EngineFacts {
  std::string_view program;
  Result<fs::path> found = fs::path();  // empty: there is none
  Result<std::string> version = "";     // of one that was found
};
std::vector<EngineFacts> look_at_engines(const EngineSettings& settings, const Folders& folders);

struct MemoryFacts {
  std::uint64_t total = 0, available = 0;  // bytes of RAM; 0: not known
  std::uint64_t swap = 0, swap_free = 0;
  std::optional<std::uint64_t> group_limit;  // of the control groups that this process is in
  engine::Budget budget;                     // for models
};
MemoryFacts look_at_memory(const std::vector<engine::Device>& devices);
// Exposed for tests. `text`: that of /proc/meminfo.
MemoryFacts parse_meminfo(std::string_view text);

struct DiskFacts {
  fs::path folder;  // the home, or its nearest ancestor that exists
  std::uint64_t free = 0, total = 0;
  std::string file_system;     // "ext4"; empty: not known
  Result<bool> shares_blocks;  // or why nothing can be written
};
Result<DiskFacts> look_at_disk(const fs::path& home);

struct FolderFacts {
  std::string_view role;  // "models", "sockets", "logs"
  fs::path path;
  bool exists = false;
  Result<void> state;  // whether it is one that eai uses; one that does not exist will be made
};
std::vector<FolderFacts> look_at_folders(const Folders& folders);

// When the program was made, in seconds since 1970: before that, no clock can be right.
std::optional<std::int64_t> earliest_time(const Folders& folders);

}  // namespace eai::library
