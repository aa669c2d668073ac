// Why: how a child process is started, written once for all systems. What they do differently is listed below.
// Thread: one that outlives the child (process.h).
#pragma once

#include "engine/process.h"

namespace eai::engine {

// Code::io if the program could not be executed; nothing is left running then.
Result<Child> spawn(const Command& command);

namespace platform {  // process_linux.cc, process_macos.cc

// Both run in the child between fork and exec of a program with threads, so they may only make system calls.
void die_with(pid_t parent);         // where the system offers that
void close_on_exec_from(int first);  // this descriptor and all above

// Becomes readable when the child ends, even if it ended before this call. Empty, with errno set, if that is not possible.
UniqueFd watch_exit(pid_t child);

}  // namespace platform

}  // namespace eai::engine
