#include "engine/leftovers.h"

#include <string>

#include <fcntl.h>
#include <signal.h>

#include "util/log.h"
#include "util/own_process.h"
#include "util/text.h"

namespace eai::engine {

namespace {

constexpr std::string_view k_ending = ".engine";
constexpr std::uint64_t k_record_limit = 4096;

// What the record names, if it still runs.
std::optional<OwnProcess> recorded(std::string_view text) {
  const auto line = [&] {
    const std::string_view found = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), found.size() + 1));
    return found;
  };
  const auto pid = parse_u64(line());
  ProcessMark mark;
  mark.started = line();
  mark.program = line();
  if (!pid || *pid >= (1u << 30)) return std::nullopt;
  return OwnProcess::find(static_cast<pid_t>(*pid), mark);
}

}  // namespace

void record_engine(const OwnFolder& run_folder, const std::string& name, pid_t pid) {
  const auto mark = mark_of(pid);
  if (!mark) return;  // it has ended already
  // Not synced: a record is useless after the machine went down.
  const auto file = run_folder.open_file(name + std::string(k_ending), O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return log::warn("an engine is not recorded: {}", file.error().message);
  (void)write_all(file->get(), view_of(std::to_string(pid) + "\n" + mark->started + "\n" + mark->program + "\n"));
}

void forget_engine(const OwnFolder& run_folder, const std::string& name) {
  (void)run_folder.remove(name + std::string(k_ending));
}

int sweep_leftovers(const OwnFolder& run_folder) {
  int killed = 0;
  for (const std::string& name : run_folder.names()) {
    if (!name.ends_with(k_ending)) continue;
    if (const auto bytes = run_folder.read(name, k_record_limit)) {
      const auto process = recorded(text_of(*bytes));
      if (process && process->signal_group(SIGKILL)) ++killed;
    }
    (void)run_folder.remove(name.substr(0, name.size() - k_ending.size()) + ".sock");
    (void)run_folder.remove(name);
  }
  if (killed > 0) log::warn("{} engines of an earlier server were still running and have been ended", killed);
  return killed;
}

}  // namespace eai::engine
