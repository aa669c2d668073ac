// Not tried on a Mac yet; written from Apple's documentation of kqueue(2) and libproc.
// There is no parent-death signal on macOS: an engine ends with its input (it is told to watch it), and the next
// server's sweep ends what is left.
#include <cerrno>

#include <fcntl.h>
#include <libproc.h>
#include <sys/event.h>
#include <unistd.h>

#include "engine/spawn.h"

namespace eai::engine {

void platform::die_with(pid_t) {}

void platform::close_on_exec_from(int first) {
  const int end = ::getdtablesize();
  for (int fd = first; fd < end; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// A kqueue is itself a descriptor that becomes readable when one of its events is there.
UniqueFd platform::watch_exit(pid_t child) {
  UniqueFd queue(::kqueue());
  if (!queue) return queue;
  ::fcntl(queue.get(), F_SETFD, FD_CLOEXEC);
  struct kevent event;
  EV_SET(&event, static_cast<uintptr_t>(child), EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, nullptr);
  if (::kevent(queue.get(), &event, 1, nullptr, 0, nullptr) == 0) return queue;
  const int why = errno;
  queue.reset();
  errno = why;
  return queue;
}

MemoryUse memory_of(pid_t pid) {
  struct rusage_info_v2 use {};
  if (::proc_pid_rusage(pid, RUSAGE_INFO_V2, reinterpret_cast<rusage_info_t*>(&use)) != 0) return {};
  const std::uint64_t own = use.ri_phys_footprint;
  return {own, use.ri_resident_size > own ? use.ri_resident_size - own : 0};
}

}  // namespace eai::engine
