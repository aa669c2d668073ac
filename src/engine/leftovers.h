// Why: a server that was killed leaves its sockets behind, and its engines too where there is no parent-death signal.
// Thread: any; blocks on the disk.
// What holds: the run folder has one record per running engine ("<name>.engine": process number and identity). A process is
// ended only if it is still the one in the record.
#pragma once

#include <sys/types.h>

#include "util/file.h"

namespace eai::engine {

void record_engine(const fs::path& run_folder, const std::string& name, pid_t pid);
void forget_engine(const fs::path& run_folder, const std::string& name);

// Kills recorded engines that still run, and removes all records and their sockets. Returns how many it killed.
int sweep_leftovers(const fs::path& run_folder);

}  // namespace eai::engine
