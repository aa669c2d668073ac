// Why: how a child comes to be, once for all systems; what they do differently is named below.
// Thread: one that outlives the child (process.h).
#pragma once

#include "engine/process.h"

namespace eai::engine {

// Code::io when the program could not be executed: nothing runs then.
Result<Child> spawn(const Command& command);

namespace platform {  // process_linux.cc, process_macos.cc

// Both run in the child, between fork and exec in a program with threads: system calls only.
void die_with(pid_t parent);         // where the system has such a thing
void close_on_exec_from(int first);  // this descriptor and all above

// Becomes readable when the child has ended, whether before this call or after. Empty, with errno set: not possible.
UniqueFd watch_exit(pid_t child);

}  // namespace platform

}  // namespace eai::engine
