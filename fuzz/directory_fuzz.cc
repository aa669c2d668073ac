// Folders and shards from anyone: nothing crashes, and of what is taken every name is found at its place.
#include <cstdlib>

#include "ipld/directory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eai::ipld;
  if (size == 0) return 0;
  const auto node = decode_directory({data + 1, size - 1}, data[0] % 70);
  if (!node) return 0;
  for (const PbLink& link : node->links) {
    if (link.name.empty() ? !node->fanout : !is_entry_name(link.name)) std::abort();
    if (!link.name.empty() && find_entry(*node, link.name) != &link) std::abort();
  }
  for (const std::string_view name : {"", "a", "470.txt", "x/y"}) {
    const PbLink* link = find_entry(*node, name);
    if (link != nullptr && link->name != name && !link->name.empty()) std::abort();
  }
  return 0;
}
