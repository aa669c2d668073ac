// Not tried on a Mac yet; written from Apple's documentation of sysctl(3) and libproc.
#include <array>

#include <libproc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include "util/own_process.h"

namespace eai {

std::optional<ProcessMark> mark_of(pid_t pid) {
  struct kinfo_proc info {};
  std::size_t size = sizeof info;
  int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
  if (pid <= 1 || ::sysctl(name, 4, &info, &size, nullptr, 0) != 0 || size == 0) return std::nullopt;
  if (info.kp_eproc.e_ucred.cr_uid != ::geteuid() || info.kp_proc.p_stat == SZOMB) return std::nullopt;
  std::array<char, PROC_PIDPATHINFO_MAXSIZE> program{};
  if (::proc_pidpath(pid, program.data(), program.size()) <= 0) return std::nullopt;
  const auto& start = info.kp_proc.p_starttime;
  return ProcessMark{std::to_string(start.tv_sec) + "." + std::to_string(start.tv_usec), program.data()};
}

std::optional<OwnProcess> OwnProcess::find(pid_t pid, const ProcessMark& mark) {
  if (mark.started.empty() || mark_of(pid) != mark) return std::nullopt;
  return OwnProcess(pid, mark, UniqueFd());
}

bool OwnProcess::signal(int number) const { return mark_of(pid_) == mark_ && ::kill(pid_, number) == 0; }

bool OwnProcess::signal_group(int number) const {
  return mark_of(pid_) == mark_ && ::getpgid(pid_) == pid_ && ::kill(-pid_, number) == 0;
}

void forbid_core_dumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

}  // namespace eai
