// Why: what lies on disk is hashed again after a restart, and to find out who lied.
// Thread: any. Blocking disk I/O.
#pragma once

#include <algorithm>

#include "util/file.h"

namespace eai::fetch {

// Gives these bytes of the file to a hasher that has an update(). Code::io if they are not all there.
template <typename Hasher>
Result<void> hash_range(int fd, ByteRange range, Hasher& hasher) {
  Bytes buffer(512 * k_kib);
  for (std::uint64_t at = range.begin; at < range.end;) {
    std::span<std::uint8_t> into(buffer.data(), std::min<std::uint64_t>(buffer.size(), range.end - at));
    EAI_CHECK(read_at(fd, at, into));
    hasher.update(into);
    at += into.size();
  }
  return {};
}

}  // namespace eai::fetch
