#include "engine/llama_devices.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>

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

// "  CUDA0: NVIDIA L4 (23034 MiB, 22563 MiB free)"
std::optional<Device> parse_line(std::string_view line) {
  constexpr std::string_view unit = " MiB, ";
  if (!line.starts_with("  ") || !line.ends_with(" MiB free)")) return std::nullopt;
  const auto colon = line.find(": "), paren = line.rfind(" ("), end = line.rfind(unit);
  if (colon == std::string_view::npos || paren == std::string_view::npos || end == std::string_view::npos ||
      colon > paren || paren > end)
    return std::nullopt;
  const auto mib = parse_u64(line.substr(paren + 2, end - paren - 2));
  if (!mib || *mib == 0 || *mib > (std::uint64_t{1} << 40) / 1024) return std::nullopt;
  return Device{printable(line.substr(2, colon - 2), 40), printable(line.substr(colon + 2, paren - colon - 2), 80),
                *mib * k_mib};
}

// Everything until the end of the stream; nothing if the deadline comes first.
std::optional<std::string> read_all(int fd, Clock::time_point deadline) {
  std::string text;
  std::array<char, 4096> block{};
  while (text.size() < k_output_limit) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd one{fd, POLLIN, 0};
    if (left <= 0 || ::poll(&one, 1, static_cast<int>(left)) == 0) return std::nullopt;
    const ssize_t n = ::read(fd, block.data(), block.size());
    if (n == 0) break;
    if (n > 0)
      text.append(block.data(), static_cast<std::size_t>(n));
    else if (errno != EAGAIN && errno != EINTR)
      break;
  }
  return text;
}

}  // namespace

std::vector<Device> parse_devices(std::string_view text) {
  std::vector<Device> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (auto device = parse_line(text.substr(0, end))) out.push_back(std::move(*device));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

Result<std::vector<Device>> list_llama_devices(const fs::path& program) {
  Command command{program, {"--list-devices"}, clean_environment(), "/"};
  EAI_TRY(Child child, spawn(command));
  child.input.reset();
  const auto deadline = Clock::now() + k_limit;
  const auto text = read_all(child.output.get(), deadline);
  if (!text) signal_group(child.pid, SIGKILL);
  child.output.reset();  // a program that goes on writing ends by that
  child.diary.reset();
  pollfd ended{child.exit_event.get(), POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(std::chrono::milliseconds(k_limit).count())) == 0) {
    signal_group(child.pid, SIGKILL);
    ::poll(&ended, 1, -1);
  }
  const auto ending = reap(child.pid);
  if (text && ending && !ending->by_signal && ending->number == 0) return parse_devices(*text);
  return fail(Code::io, program.string() + " --list-devices " +
                            (!text    ? "did not end in time"
                             : ending ? ending->words()
                                      : std::string("is gone")));
}

}  // namespace eai::engine
