#include <charconv>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/own_process.h"

namespace eai {
namespace {

constexpr unsigned k_to_group = 4;  // PIDFD_SIGNAL_PROCESS_GROUP, since Linux 6.9

UniqueFd hold(pid_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

bool has_ended(const UniqueFd& held) {
  pollfd end{held.get(), POLLIN, 0};
  return ::poll(&end, 1, 0) != 0;
}

bool send(const UniqueFd& held, int number, unsigned flags) {
  return ::syscall(SYS_pidfd_send_signal, held.get(), number, nullptr, flags) == 0;
}

// The effective user: the second number behind "Uid:".
bool is_of_this_user(const std::string& folder) {
  const auto status = read_file(folder + "/status", 64 * k_kib);
  if (!status) return false;
  std::string_view text = text_of(*status);
  const auto at = text.find("\nUid:\t");
  if (at == std::string_view::npos) return false;
  text.remove_prefix(at + 6);
  text.remove_prefix(std::min(text.size(), text.find('\t') + 1));
  uid_t uid = 0;
  return std::from_chars(text.data(), text.data() + text.size(), uid).ec == std::errc() && uid == ::geteuid();
}

// "<boot id> <start time in clock ticks>": field 22 of /proc/<pid>/stat, counted behind the name's last ')'. Empty if it
// has ended.
std::string start_of(const std::string& folder) {
  const auto stat = read_file(folder + "/stat", 4096);
  const auto boot = read_file("/proc/sys/kernel/random/boot_id", 256);
  if (!stat || !boot) return {};
  std::string_view text = text_of(*stat);
  text.remove_prefix(std::min(text.size(), text.rfind(')') + 1));
  if (text.starts_with(" Z") || text.starts_with(" X")) return {};
  for (int field = 2; field < 22; ++field) {
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos) return {};
    text.remove_prefix(blank + 1);
  }
  return std::string(text_of(*boot).substr(0, 36)) + " " + std::string(text.substr(0, text.find(' ')));
}

// "<device>:<inode>" of the file that it runs.
std::string program_of(const std::string& folder) {
  struct stat info {};
  if (::stat((folder + "/exe").c_str(), &info) != 0) return {};
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

}  // namespace

std::optional<ProcessMark> mark_of(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  if (pid <= 1 || !is_of_this_user(folder)) return std::nullopt;
  ProcessMark mark{start_of(folder), program_of(folder)};
  if (mark.started.empty() || mark.program.empty()) return std::nullopt;
  return mark;
}

std::optional<OwnProcess> OwnProcess::find(pid_t pid, const ProcessMark& mark) {
  if (pid <= 1 || mark.started.empty() || mark.program.empty()) return std::nullopt;
  UniqueFd held = hold(pid);
  if (!held || mark_of(pid) != mark || has_ended(held)) return std::nullopt;
  return OwnProcess(pid, mark, std::move(held));
}

bool OwnProcess::signal(int number) const { return send(held_, number, 0); }

bool OwnProcess::signal_group(int number) const {
  if (send(held_, number, k_to_group)) return true;
  if (errno != EINVAL || ::getpgid(pid_) != pid_ || has_ended(held_)) return false;
  return ::kill(-pid_, number) == 0;  // its number is its own until it has ended and was reaped
}

void forbid_core_dumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  // A program that takes cores from a pipe may ignore the limit, so what it gets has no memory in it.
  const int filter = ::open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
  if (filter < 0) return;
  [[maybe_unused]] const auto written = ::write(filter, "0", 1);
  ::close(filter);
}

}  // namespace eai
