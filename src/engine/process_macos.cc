// Untried: written to Apple's documentation of kqueue(2), sysctl(3) and libproc; no Mac was at hand.
// There is no parent-death signal on macOS: an engine ends with its input (it is told to watch it), and the next
// server's sweep ends what is left.
#include <array>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <libproc.h>
#include <signal.h>
#include <sys/event.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include "engine/process.h"

namespace eai::engine {

namespace {

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe(ends) != 0) return fail_errno("making a pipe", errno);
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// A kqueue is itself a descriptor that becomes readable when one of its events is there.
UniqueFd watch_exit(pid_t pid) {
  UniqueFd queue(::kqueue());
  if (!queue) return queue;
  ::fcntl(queue.get(), F_SETFD, FD_CLOEXEC);
  struct kevent event;
  EV_SET(&event, static_cast<uintptr_t>(pid), EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, nullptr);
  if (::kevent(queue.get(), &event, 1, nullptr, 0, nullptr) != 0) queue.reset();
  return queue;
}

[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment, const char* folder,
                         const std::array<int, 3>& standard, int report, int last_descriptor) {
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  ::umask(077);
  std::array<int, 3> high{};
  for (std::size_t i = 0; i < 3; ++i) high[i] = ::fcntl(standard[i], F_DUPFD_CLOEXEC, 10);
  report = ::fcntl(report, F_DUPFD_CLOEXEC, 10);
  for (int i = 0; i < 3; ++i) ::dup2(high[static_cast<std::size_t>(i)], i);
  for (int fd = 3; fd < last_descriptor; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (::chdir(folder) == 0) ::execve(program, arguments, environment);
  const int number = errno;
  (void)::write(report, &number, sizeof number);
  ::_exit(127);
}

}  // namespace

Result<Child> platform::spawn(const Command& command) {
  EAI_TRY(Pipe input, make_pipe());
  EAI_TRY(Pipe output, make_pipe());
  EAI_TRY(Pipe diary, make_pipe());
  EAI_TRY(Pipe report, make_pipe());
  std::vector<std::string> arguments = command.arguments;
  arguments.insert(arguments.begin(), command.program.string());
  std::vector<std::string> environment;
  for (const auto& [name, value] : command.environment) environment.push_back(name + "=" + value);
  const auto argument_pointers = pointers(arguments);
  const auto environment_pointers = pointers(environment);
  const std::string program = command.program.string(), folder = command.folder.string();
  const std::array<int, 3> standard{input.read.get(), output.write.get(), diary.write.get()};
  const int last_descriptor = ::getdtablesize();
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("starting " + program, errno);
  if (pid == 0)
    become(program.c_str(), argument_pointers.data(), environment_pointers.data(), folder.c_str(), standard,
           report.write.get(), last_descriptor);
  ::setpgid(pid, pid);
  Child child;
  child.pid = pid;
  child.exit_event = watch_exit(pid);
  report.write.reset();
  int number = 0;
  ssize_t got = 0;
  do got = ::read(report.read.get(), &number, sizeof number);
  while (got < 0 && errno == EINTR);
  if (got > 0 || !child.exit_event) {
    ::kill(-pid, SIGKILL);
    while (!reap(pid)) ::usleep(1000);
    if (got > 0) return fail_errno("starting " + program, number);
    return fail(Code::io, "watching " + program + " is not possible");
  }
  for (const int fd : {output.read.get(), diary.read.get(), input.write.get()}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  child.input = std::move(input.write);
  child.output = std::move(output.read);
  child.diary = std::move(diary.read);
  return child;
}

std::string identity_of(pid_t pid) {
  struct kinfo_proc info {};
  std::size_t size = sizeof info;
  int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
  if (::sysctl(name, 4, &info, &size, nullptr, 0) != 0 || size == 0) return {};
  const auto& start = info.kp_proc.p_starttime;
  return std::to_string(start.tv_sec) + "." + std::to_string(start.tv_usec);
}

MemoryUse memory_of(pid_t pid) {
  struct rusage_info_v2 use {};
  if (::proc_pid_rusage(pid, RUSAGE_INFO_V2, reinterpret_cast<rusage_info_t*>(&use)) != 0) return {};
  const std::uint64_t own = use.ri_phys_footprint;
  return {own, use.ri_resident_size > own ? use.ri_resident_size - own : 0};
}

}  // namespace eai::engine
