#include "engine/llama_devices.h"

#include <optional>

#include "engine/brief_run.h"
#include "util/text.h"

namespace eai::engine {

namespace {

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
  EAI_TRY(const BriefRun told, run_briefly(program, {"--list-devices"}));
  return parse_devices(told.output);
}

}  // namespace eai::engine
