#include "fetch/hash_range.h"

#include <algorithm>

namespace eai::fetch {

Result<ipld::Sha256Hasher> hash_range(int fd, ByteRange range) {
  ipld::Sha256Hasher hasher;
  Bytes buffer(512 * k_kib);
  for (std::uint64_t at = range.begin; at < range.end;) {
    std::span<std::uint8_t> into(buffer.data(), std::min<std::uint64_t>(buffer.size(), range.end - at));
    EAI_CHECK(read_at(fd, at, into));
    hasher.update(into);
    at += into.size();
  }
  return hasher;
}

}  // namespace eai::fetch
