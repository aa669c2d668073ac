// Why: the number of a process outlives it. A record that names one may be old, its number may belong to another program
// by now, and another user may have written it. So a process is signalled only once it has proved to be the one meant.
// Thread: any; there is no shared state.
// What holds: a process is ours if it belongs to this user, started at the moment that was recorded, and runs the program
// that was recorded. On Linux it is held by a pidfd before it is looked at, so that a signal never reaches another one.
// On macOS, which has no such thing, it is looked at again right before each signal.
// Source: proc(5), pidfd_open(2), pidfd_send_signal(2), core(5); on macOS sysctl(3) and libproc.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "util/file.h"

namespace eai {

// What proves that a process is still the same one.
struct ProcessMark {
  std::string started;  // tells apart all processes that ever get the number, also after a restart of the machine
  std::string program;  // tells apart programs, also once the file has been moved, replaced or removed
  bool operator==(const ProcessMark&) const = default;
};

// Nothing if there is no such process of this user, or if it has ended and only waits to be reaped.
std::optional<ProcessMark> mark_of(pid_t pid);

class OwnProcess {
 public:
  // Nothing if the number does not belong to that process any more, or never did.
  static std::optional<OwnProcess> find(pid_t pid, const ProcessMark& mark);

  // False if it has ended.
  bool signal(int number) const;
  // The same to all of its group, which it must lead. Grandchildren of an engine end with it.
  bool signal_group(int number) const;

 private:
  OwnProcess(pid_t pid, ProcessMark mark, UniqueFd held) : pid_(pid), mark_(std::move(mark)), held_(std::move(held)) {}
  pid_t pid_;
  ProcessMark mark_;
  UniqueFd held_;  // a pidfd, where there is such a thing
};

// From now on this process and all that it starts leave no memory on the disk when they crash: it holds keys, prompts and
// answers. A child between fork and exec may call it too. PR_SET_DUMPABLE is left alone: a process without it could no
// longer prove what program it runs.
void forbid_core_dumps();

}  // namespace eai
