// Why: a server that was killed leaves its sockets behind, and also its engines where there is no parent-death signal.
// Thread: any; it blocks on the disk.
// What holds: the run folder has one record for each running engine. A process is ended only if it proves to be the one
// in the record (util/own_process.h).
// Format of "<name>.engine": three lines, which are the number of the process and its ProcessMark.
#pragma once

#include <sys/types.h>

#include "util/own_folder.h"

namespace eai::engine {

void record_engine(const OwnFolder& run_folder, const std::string& name, pid_t pid);
void forget_engine(const OwnFolder& run_folder, const std::string& name);

// Kills recorded engines that still run, and removes all records and their sockets. Returns how many it killed.
int sweep_leftovers(const OwnFolder& run_folder);

}  // namespace eai::engine
