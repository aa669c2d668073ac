// Why: the only place where a process comes to be, is watched, measured and ended.
// Thread: Spawner::spawn from any, one call at a time per caller; everything else is plain calls from any thread.
// What holds for a child: its own process group, its number in exit_event before anyone can reap it; it sees only the
// given environment and descriptors 0, 1, 2; umask 077; it dies with this program, even when that is killed (Linux:
// parent-death signal, tied to the thread that spawned, hence the Spawner; everywhere: the end of its input).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

struct Command {
  fs::path program;                                              // absolute
  std::vector<std::string> arguments;                            // without the program's name
  std::vector<std::pair<std::string, std::string>> environment;  // all of it
  fs::path folder;                                               // working folder of the child
};

struct Child {
  pid_t pid = -1;          // also the number of its process group
  UniqueFd exit_event;     // becomes readable when it has ended; reap() is owed then
  UniqueFd input;          // its standard input; closing it tells a supervised engine to end
  UniqueFd output, diary;  // its standard output and error; non-blocking
};

// A thread that lives as long as this object and starts all children.
class Spawner {
 public:
  Spawner();
  ~Spawner();  // waits for the spawn in progress
  Spawner(const Spawner&) = delete;
  // `done` is called on the spawner's thread. Code::io when the program could not be executed: nothing runs then.
  void spawn(Command command, std::function<void(Result<Child>)> done);

 private:
  void work();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> jobs_;
  bool ending_ = false;
  std::thread thread_;  // last: uses all above
};

struct Ending {
  bool by_signal = false;
  int number = 0;             // exit status or signal
  std::string words() const;  // "exited with status 1", "was killed by signal 9 (Killed)"
};

// Collects a child whose exit_event is readable; nothing if it still runs.
std::optional<Ending> reap(pid_t pid);
// To the whole process group; a group that is gone is no error.
void signal_group(pid_t group, int signal);

// What this machine's process table says of a process, so that a number used again is not taken for the old one.
// Empty if there is none. Opaque: compared, and kept in files.
std::string identity_of(pid_t pid);

struct MemoryUse {
  std::uint64_t own = 0;     // bytes resident that belong to the process alone
  std::uint64_t mapped = 0;  // bytes resident of mapped files: the system can take them back
};
// Quick; zeros if there is no such process.
MemoryUse memory_of(pid_t pid);

// The variables a child may inherit from this program's environment (system, locale, threads, GPU selection), nothing
// else: no LLAMA_ARG_*, HF_*, AIP_*, no keys. And some of our own that make engines fit to be children.
std::vector<std::pair<std::string, std::string>> clean_environment();

}  // namespace eai::engine
