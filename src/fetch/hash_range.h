// Why: what lies on disk is hashed again after a restart, and to find out who lied.
// Thread: any. Blocking disk I/O.
#pragma once

#include "ipld/hash.h"
#include "util/file.h"

namespace eai::fetch {

// A hasher that has seen these bytes of the file, so that more can follow. Code::io if they are not all there.
Result<ipld::Sha256Hasher> hash_range(int fd, ByteRange range);

}  // namespace eai::fetch
