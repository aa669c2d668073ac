#include "engine/brief_run.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "engine/spawn.h"
#include "util/text.h"

namespace eai::engine {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds k_limit{10};
constexpr std::size_t k_output_limit = 64 * k_kib;

// Takes what has come; false at the end of the stream.
bool take_some(int fd, std::string& into) {
  std::array<char, 4096> block{};
  const ssize_t n = ::read(fd, block.data(), block.size());
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (into.size() < k_output_limit) into.append(block.data(), static_cast<std::size_t>(n));
  return n > 0;
}

// Both streams until their end; nothing if the deadline comes first.
std::optional<BriefRun> read_both(const Child& child, Clock::time_point deadline) {
  BriefRun out;
  std::array<pollfd, 2> waits{pollfd{child.output.get(), POLLIN, 0}, pollfd{child.diary.get(), POLLIN, 0}};
  while (waits[0].fd >= 0 || waits[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0 || ::poll(waits.data(), waits.size(), static_cast<int>(left)) == 0) return std::nullopt;
    if (waits[0].revents != 0 && !take_some(waits[0].fd, out.output)) waits[0].fd = -1;
    if (waits[1].revents != 0 && !take_some(waits[1].fd, out.diary)) waits[1].fd = -1;
  }
  return out;
}

std::string_view last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

std::string_view line_with(std::string_view text, std::string_view begin) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.size() > begin.size() && line.starts_with(begin)) return line.substr(begin.size());
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return {};
}

}  // namespace

Result<BriefRun> run_briefly(const fs::path& program, const std::vector<std::string>& arguments) {
  EAI_TRY(Child child, spawn({program, arguments, clean_environment(), "/"}));
  child.input.reset();
  auto told = read_both(child, Clock::now() + k_limit);
  if (!told) signal_group(child.pid, SIGKILL);
  child.output.reset();  // a program that goes on writing ends by that
  child.diary.reset();
  pollfd ended{child.exit_event.get(), POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(std::chrono::milliseconds(k_limit).count())) == 0) {
    signal_group(child.pid, SIGKILL);
    ::poll(&ended, 1, -1);
  }
  const auto ending = reap(child.pid);
  if (told && ending && !ending->by_signal && ending->number == 0) return *std::move(told);
  std::string words = program.string();
  for (const std::string& argument : arguments) words += " " + argument;
  if (!told) return fail(Code::io, words + " did not end in time");
  const std::string_view last = last_line(told->diary.empty() ? told->output : told->diary);
  return fail(Code::io, words + " " + (ending ? ending->words() : std::string("is gone")) +
                            (last.empty() ? "" : ": " + printable(last, 300)));
}

std::string version_in(const BriefRun& told) {
  constexpr std::string_view k_version = "version: ";
  for (const std::string_view text : {std::string_view(told.output), std::string_view(told.diary)})
    if (const auto line = line_with(text, k_version); !line.empty()) return printable(line, 100);
  for (const std::string_view text : {std::string_view(told.output), std::string_view(told.diary)})
    if (const auto line = line_with(text, ""); !line.empty()) return printable(line, 100);
  return "";
}

Result<std::string> version_of(const fs::path& program) {
  EAI_TRY(const BriefRun told, run_briefly(program, {"--version"}));
  return version_in(told);
}

}  // namespace eai::engine
