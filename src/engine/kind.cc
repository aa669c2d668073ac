#include "engine/kind.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "engine/devices.h"
#include "engine/image.h"
#include "engine/llama.h"

namespace eai::engine {

namespace {
constexpr std::array<const EngineKind*, 2> k_kinds = {&k_llama, &k_image};
}  // namespace

std::span<const EngineKind* const> all_kinds() { return k_kinds; }

const EngineKind& kind_of(model::Task task) {
  for (const EngineKind* kind : k_kinds)
    if (std::ranges::find(kind->tasks, task) != kind->tasks.end()) return *kind;
  throw std::logic_error("no kind of engine is for the task " + std::string(model::name_of(task)));
}

const fs::path& program_of(const EngineKind& kind, const Programs& programs) {
  static const fs::path not_installed;
  const auto found = programs.find(kind.program);
  return found == programs.end() ? not_installed : found->second;
}

Result<std::vector<Device>> find_devices(const Programs& programs) {
  for (const EngineKind* kind : k_kinds)
    if (const fs::path& program = program_of(*kind, programs); kind->list_devices != nullptr && !program.empty())
      return kind->list_devices(program);
  return {};
}

}  // namespace eai::engine
