// Why: a server that was killed leaves sockets and, where the parent-death signal does not reach, engines.
// Thread: any; blocks on the disk.
// What holds: one record per running engine lies in the run folder ("<name>.engine": process number and identity). A process
// is only ended if it still is the one of the record.
#pragma once

#include <sys/types.h>

#include "util/file.h"

namespace eai::engine {

void record_engine(const fs::path& run_folder, const std::string& name, pid_t pid);
void forget_engine(const fs::path& run_folder, const std::string& name);

// Kills recorded engines that still run and removes their records and sockets. Returns how many were killed.
int sweep_leftovers(const fs::path& run_folder);

}  // namespace eai::engine
