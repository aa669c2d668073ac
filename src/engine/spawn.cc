#include "engine/spawn.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/own_process.h"

namespace eai::engine {

namespace {

struct Pipe {
  UniqueFd read, write;
};

// Not in one step with FD_CLOEXEC, because not every system can do that; a child closes whatever it was not given.
Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return fail_errno("making a pipe", errno);
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Everything that exec needs, made before the fork.
struct Image {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const char* folder;
  rlim_t memory_limit;
  std::array<int, 3> standard;
  int report;
  pid_t parent;
};

// Runs between fork and exec of a program with threads, so it may only make system calls. Reports errno and ends.
[[noreturn]] void become(const Image& image) {
  ::setpgid(0, 0);
  platform::die_with(image.parent);
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &usual, nullptr);
  sigset_t none;
  sigemptyset(&none);  // a macro on some systems
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(077);
  forbid_core_dumps();
  const rlimit memory{image.memory_limit, image.memory_limit};
  ::setrlimit(RLIMIT_DATA, &memory);
  // The pipes' descriptors may themselves be 0, 1 or 2 if this program was started without them: move them up first.
  std::array<int, 3> high{};
  for (std::size_t i = 0; i < 3; ++i) high[i] = ::fcntl(image.standard[i], F_DUPFD_CLOEXEC, 10);
  const int report = ::fcntl(image.report, F_DUPFD_CLOEXEC, 10);
  for (int i = 0; i < 3; ++i) ::dup2(high[static_cast<std::size_t>(i)], i);
  // exec closes all others, including those that a library opened without FD_CLOEXEC.
  platform::close_on_exec_from(3);
  if (::chdir(image.folder) == 0) ::execve(image.program, image.arguments, image.environment);
  const int number = errno;
  [[maybe_unused]] const auto written = ::write(report, &number, sizeof number);
  ::_exit(127);
}

// Zero if the program runs, because its exec closed the pipe.
int reported_errno(const UniqueFd& report) {
  int number = 0;
  ssize_t got = 0;
  do got = ::read(report.get(), &number, sizeof number);
  while (got < 0 && errno == EINTR);
  return got > 0 ? number : 0;
}

}  // namespace

Result<Child> spawn(const Command& command) {
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
  const Image image{program.c_str(),
                    argument_pointers.data(),
                    environment_pointers.data(),
                    folder.c_str(),
                    command.memory_limit == 0 ? RLIM_INFINITY : static_cast<rlim_t>(command.memory_limit),
                    {input.read.get(), output.write.get(), diary.write.get()},
                    report.write.get(),
                    ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("starting " + program, errno);
  if (pid == 0) become(image);
  ::setpgid(pid, pid);  // in both: whoever comes first
  Child child;
  child.pid = pid;
  child.exit_event = platform::watch_exit(pid);
  const int watch_error = errno;
  report.write.reset();
  const int start_error = reported_errno(report.read);
  if (start_error != 0 || !child.exit_event) {
    ::kill(-pid, SIGKILL);
    while (!reap(pid)) ::usleep(1000);
    return start_error != 0 ? fail_errno("starting " + program, start_error)
                            : fail_errno("watching " + program, watch_error);
  }
  for (const int fd : {output.read.get(), diary.read.get(), input.write.get()}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  child.input = std::move(input.write);
  child.output = std::move(output.read);
  child.diary = std::move(diary.read);
  return child;
}

}  // namespace eai::engine
