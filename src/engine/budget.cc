#include "engine/budget.h"

#include <algorithm>

#include <unistd.h>

#include "engine/memory.h"
#include "engine/memory_groups.h"
#include "util/text.h"

namespace eai::engine {

namespace {

constexpr std::uint64_t k_spare_least = 512 * k_mib;

Budget ram_budget() {
  const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  const std::uint64_t ram = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::uint64_t whole = ram;
  std::string source = "RAM";
  if (const auto membership = read_file("/proc/self/cgroup", 64 * k_kib)) {
    const auto limit = cgroup_limit("/sys/fs/cgroup", text_of(*membership));
    if (limit && *limit < whole) {
      whole = *limit;
      source = "control group's limit";
    }
  }
  const std::uint64_t spare = std::min(std::max(whole / 10, k_spare_least), whole / 2);
  return {.bytes = whole - spare,
          .source = source + " " + human_bytes(whole) + " less " + human_bytes(spare) + " for the rest",
          .reserve = spare / 4};
}

}  // namespace

std::optional<std::uint64_t> cgroup_limit(const fs::path& root, std::string_view membership) {
  std::optional<std::uint64_t> least;
  for_each_memory_group(root, membership, [&](const MemoryGroup& group) {
    const auto bytes = read_file(group.folder / (group.version2 ? "memory.max" : "memory.limit_in_bytes"), 64);
    if (!bytes) return;
    std::string_view text = text_of(*bytes);
    if (text.ends_with('\n')) text.remove_suffix(1);
    // "max" and the huge number of version 1 mean that there is no limit.
    const auto limit = parse_u64(text);
    if (limit && *limit < (std::uint64_t{1} << 60) && (!least || *limit < *least)) least = *limit;
  });
  return least;
}

Budget find_budget(const std::vector<Device>& devices) {
  Budget ram = ram_budget();
  if (devices.empty()) return ram;
  std::uint64_t whole = 0;
  std::string names;
  for (const Device& device : devices) {
    whole = add_saturating(whole, device.memory);
    names += (names.empty() ? "" : " and ") + device.name;
  }
  const std::uint64_t spare = std::min(std::max(whole / 10, k_spare_least), whole / 2);
  return {.bytes = whole - spare,
          .source = names + " " + human_bytes(whole) + " less " + human_bytes(spare) + " for the rest",
          .on_device = true,
          .beyond = ram.bytes,
          .reserve = ram.reserve};
}

}  // namespace eai::engine
