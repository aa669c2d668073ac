#include "engine/free_memory.h"

#include <algorithm>
#include <string>

#include "engine/memory_groups.h"
#include "util/text.h"

namespace eai::engine {

namespace {

std::string text_in(const fs::path& file) {
  const auto bytes = read_file(file, 64 * k_kib);
  return bytes ? std::string(text_of(*bytes)) : std::string();
}

// A file that holds one number. "max", and the huge number of version 1, mean that there is no limit.
std::optional<std::uint64_t> number_in(const fs::path& file) {
  std::string text = text_in(file);
  if (text.ends_with('\n')) text.pop_back();
  const auto number = parse_u64(text);
  return number && *number < (std::uint64_t{1} << 60) ? number : std::nullopt;
}

// The number after a line's first word: "MemAvailable:   123 kB", "inactive_file 123".
std::uint64_t value_of_line(std::string_view text, std::string_view word) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(word) || line.size() == word.size() || line[word.size()] != ' ') continue;
    line.remove_prefix(word.size());
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return parse_u64(line.substr(0, line.find(' '))).value_or(0);
  }
  return 0;
}

std::optional<std::uint64_t> left_in(const MemoryGroup& group) {
  const auto limit = number_in(group.folder / (group.version2 ? "memory.max" : "memory.limit_in_bytes"));
  const auto usage = number_in(group.folder / (group.version2 ? "memory.current" : "memory.usage_in_bytes"));
  if (!limit || !usage) return std::nullopt;
  const std::string stat = text_in(group.folder / "memory.stat");
  const std::string_view all = group.version2 ? "" : "total_";
  std::uint64_t files = 0;
  for (const std::string_view kind : {"active_file", "inactive_file"})
    files += value_of_line(stat, std::string(all).append(kind));
  const std::uint64_t firm = *usage - std::min(files, *usage);
  return *limit - std::min(firm, *limit);
}

}  // namespace

std::optional<std::uint64_t> free_memory(const MemoryFiles& files, std::string_view membership) {
  std::optional<std::uint64_t> least;
  if (const std::uint64_t kib = value_of_line(text_in(files.meminfo), "MemAvailable:"); kib > 0) least = kib * k_kib;
  for_each_memory_group(files.groups, membership, [&](const MemoryGroup& group) {
    if (const auto left = left_in(group); left && (!least || *left < *least)) least = left;
  });
  return least;
}

std::optional<std::uint64_t> free_memory() { return free_memory({}, text_in("/proc/self/cgroup")); }

}  // namespace eai::engine
