#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

#include <sys/mman.h>

#include "util/file.h"
#include "util/program_pages.h"

namespace eai {

namespace {

constexpr std::uint64_t k_maps_limit = 4 * k_mib;

// "55d0c7a00000-55d0c7b00000 r-xp 00010000 08:01 1234   /usr/bin/eai": the text of a file, which never changes. A file
// that was replaced ("(deleted)") is left alone.
bool is_program_text(std::string_view line) {
  const auto path = line.find('/');
  return path != std::string_view::npos && line.find(" r-xp ") < path && !line.ends_with("(deleted)");
}

}  // namespace

void let_go_of_program_pages() {
  const auto maps = read_file("/proc/self/maps", k_maps_limit);
  if (!maps) return;
  std::string_view text = text_of(*maps);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::uintptr_t begin = 0, end = 0;
    const auto first = std::from_chars(line.data(), line.data() + line.size(), begin, 16);
    if (first.ec != std::errc() || first.ptr == line.data() + line.size() || !is_program_text(line)) continue;
    const auto second = std::from_chars(first.ptr + 1, line.data() + line.size(), end, 16);
    if (second.ec != std::errc()) continue;
    // The kernel names the pages by number.
    void* const page = reinterpret_cast<void*>(begin);  // NOLINT(performance-no-int-to-ptr)
    ::madvise(page, end - begin, MADV_DONTNEED);
  }
}

}  // namespace eai
