#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <string_view>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/process.h"
#include "util/text.h"

namespace eai::engine {

namespace {

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("making a pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Between fork and exec in a program with threads: system calls only. Reports errno through `report` and ends.
[[noreturn]] void become(const char* program, char** arguments, char** environment, const char* folder,
                         const std::array<int, 3>& standard, int report, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &usual, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(077);
  // The pipes' descriptors may themselves be 0, 1 or 2 if this program was started without them: move them up first.
  std::array<int, 3> high{};
  for (std::size_t i = 0; i < 3; ++i) high[i] = ::fcntl(standard[i], F_DUPFD_CLOEXEC, 10);
  report = ::fcntl(report, F_DUPFD_CLOEXEC, 10);
  for (int i = 0; i < 3; ++i) ::dup2(high[static_cast<std::size_t>(i)], i);
  // All others are closed by exec, also those that a library opened without O_CLOEXEC.
  ::syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
  if (::chdir(folder) == 0) ::execve(program, arguments, environment);
  const int number = errno;
  [[maybe_unused]] const auto written = ::write(report, &number, sizeof number);
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
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("starting " + program, errno);
  if (pid == 0)
    become(program.c_str(), const_cast<char**>(argument_pointers.data()),
           const_cast<char**>(environment_pointers.data()), folder.c_str(), standard, report.write.get(), parent);
  ::setpgid(pid, pid);  // in both: whoever comes first
  report.write.reset();
  int number = 0;
  ssize_t got = 0;
  do got = ::read(report.read.get(), &number, sizeof number);
  while (got < 0 && errno == EINTR);
  Child child;
  child.pid = pid;
  child.exit_event = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const int pidfd_error = errno;
  if (got > 0 || !child.exit_event) {
    ::kill(-pid, SIGKILL);
    while (!reap(pid)) ::usleep(1000);
    return got > 0 ? fail_errno("starting " + program, number) : fail_errno("watching " + program, pidfd_error);
  }
  for (const int fd : {output.read.get(), diary.read.get(), input.write.get()}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  child.input = std::move(input.write);
  child.output = std::move(output.read);
  child.diary = std::move(diary.read);
  return child;
}

// "<boot id> <start time in clock ticks>": field 22 of /proc/<pid>/stat, counted behind the name's last ')'.
std::string identity_of(pid_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
  const auto boot = read_file("/proc/sys/kernel/random/boot_id", 256);
  if (!stat || !boot) return {};
  std::string_view text = text_of(*stat);
  text.remove_prefix(std::min(text.size(), text.rfind(')') + 1));
  for (int field = 2; field < 22; ++field) {
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos) return {};
    text.remove_prefix(blank + 1);
  }
  return std::string(text_of(*boot).substr(0, 36)) + " " + std::string(text.substr(0, text.find(' ')));
}

namespace {

// "<key>:   <n> kB" in a file of /proc, in bytes.
std::uint64_t kilobytes(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + key.size());
  text.remove_prefix(std::min(text.size(), text.find_first_of("0123456789")));
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value * 1024;
}

}  // namespace

MemoryUse memory_of(pid_t pid) {
  const auto status = read_file("/proc/" + std::to_string(pid) + "/status", 65536);
  if (!status) return {};
  const std::string_view text = text_of(*status);
  return {kilobytes(text, "RssAnon:") + kilobytes(text, "RssShmem:"), kilobytes(text, "RssFile:")};
}

}  // namespace eai::engine
