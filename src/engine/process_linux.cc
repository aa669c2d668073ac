#include <charconv>
#include <string_view>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/spawn.h"
#include "util/text.h"

namespace eai::engine {

void platform::die_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
}

void platform::close_on_exec_from(int first) {
  ::syscall(SYS_close_range, static_cast<unsigned>(first), ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
}

UniqueFd platform::watch_exit(pid_t child) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0))); }

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
