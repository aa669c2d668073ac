// Why: the only place where processes are started, watched, measured and ended.
// Thread: any.
// What holds for a child: it has a process group of its own; exit_event refers to it before anyone can reap it; it sees only
// the given environment and the descriptors 0, 1 and 2; its umask is 077; it leaves no core, which would hold
// conversations; it dies with this program, even if that is killed
// (on Linux by the parent-death signal, which is tied to the thread that spawned, hence the Spawner; everywhere by the end of
// its input).
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
  std::uint64_t memory_limit = 0;  // bytes that it may write to, files apart (RLIMIT_DATA); 0: no limit
};

struct Child {
  pid_t pid = -1;          // also the number of its process group
  UniqueFd exit_event;     // becomes readable when it has ended; then reap() must be called
  UniqueFd input;          // its standard input; closing it tells a supervised engine to end
  UniqueFd output, diary;  // its standard output and error; non-blocking
};

// A thread that lives as long as this object and starts all children.
class Spawner {
 public:
  Spawner();
  ~Spawner();  // waits for the spawn in progress
  Spawner(const Spawner&) = delete;
  // `done` is called on the spawner's thread. Code::io if the program could not be executed; nothing is left running then.
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

// Collects a child that has ended; nothing if it still runs.
std::optional<Ending> reap(pid_t pid);
// Signals the whole process group. It is not an error if the group is gone.
void signal_group(pid_t group, int signal);

struct MemoryUse {
  std::uint64_t own = 0;     // resident bytes that belong to the process alone
  std::uint64_t mapped = 0;  // resident bytes of mapped files, which the system can take back
};
// Quick; zeros if there is no such process.
MemoryUse memory_of(pid_t pid);

// The variables that a child may inherit from this program's environment (system, locale, threads, GPU selection), and
// nothing else: not LLAMA_ARG_*, HF_* or AIP_*, and never a key. Added are some of our own that every program built on ggml
// needs to be a good child.
std::vector<std::pair<std::string, std::string>> clean_environment();

}  // namespace eai::engine
