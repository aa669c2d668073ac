#include "engine/memory_groups.h"

namespace eai::engine {

void for_each_memory_group(const fs::path& root, std::string_view membership,
                           const std::function<void(const MemoryGroup&)>& visit) {
  while (!membership.empty()) {
    const auto end = membership.find('\n');
    const std::string_view line = membership.substr(0, end);
    membership.remove_prefix(end == std::string_view::npos ? membership.size() : end + 1);
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool version2 = controllers.empty(), memory = controllers == "memory";
    if (!version2 && !memory) continue;
    const fs::path base = memory ? root / "memory" : root;
    fs::path group = fs::path(line.substr(second + 1)).relative_path();
    while (true) {
      visit({base / group, version2});
      if (group.empty()) break;
      group = group.parent_path();
    }
  }
}

}  // namespace eai::engine
