#include "engine/leftovers.h"

#include <string>

#include <fcntl.h>
#include <signal.h>

#include "engine/process.h"
#include "util/log.h"
#include "util/text.h"

namespace eai::engine {

namespace {
constexpr std::string_view k_ending = ".engine";
}

void record_engine(const fs::path& run_folder, const std::string& name, pid_t pid) {
  // Not synced: a record is useless after the machine went down.
  const auto file = open_file(run_folder / (name + std::string(k_ending)), O_WRONLY | O_CREAT | O_TRUNC);
  if (file) (void)write_all(file->get(), view_of(std::to_string(pid) + " " + identity_of(pid)));
}

void forget_engine(const fs::path& run_folder, const std::string& name) {
  std::error_code ignored;
  fs::remove(run_folder / (name + std::string(k_ending)), ignored);
}

int sweep_leftovers(const fs::path& run_folder) {
  int killed = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run_folder, error)) {
    const fs::path& path = entry.path();
    if (path.extension() != k_ending) continue;
    if (const auto bytes = read_file(path, 256)) {
      const std::string_view text = text_of(*bytes);
      const auto blank = text.find(' ');
      const auto pid = parse_u64(text.substr(0, blank));
      const bool whole = pid && *pid > 1 && *pid < (1u << 30) && blank != std::string_view::npos;
      if (whole && !text.substr(blank + 1).empty() && identity_of(static_cast<pid_t>(*pid)) == text.substr(blank + 1)) {
        signal_group(static_cast<pid_t>(*pid), SIGKILL);
        ++killed;
      }
    }
    std::error_code ignored;
    fs::remove(fs::path(path).replace_extension(".sock"), ignored);
    fs::remove(path, ignored);
  }
  if (killed > 0) log::warn("{} engines of an earlier server were still running and have been ended", killed);
  return killed;
}

}  // namespace eai::engine
