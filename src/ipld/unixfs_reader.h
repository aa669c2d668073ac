// Why: this reads the bytes of a file out of blocks whose senders are not trusted.
// Thread: one; it blocks in `blocks` and `sink`. There is no other I/O.
// What holds: a block is hashed against its CID before a byte of it is used. Content is handed out in the order of the
// file. Depth and output are bounded, so that a small tree which names one child many times cannot cost more than it
// claims.
// Source: UnixFS. Trees of any shape are read: leaves at different depths, content inside inner nodes, raw and dag-pb
// mixed.
#pragma once

#include <cstdint>
#include <functional>

#include "ipld/unixfs.h"

namespace eai::ipld {

// No real file's tree is deeper.
inline constexpr int k_depth_limit = 32;

// The block of this CID, not verified; valid until the next call.
using GetBlock = std::function<Result<ByteView>(const Cid& cid)>;
using OnContent = std::function<Result<void>(ByteView bytes)>;

// Returns the size of the file. Code::corrupt for a block that does not match its CID or the size that its parent
// gives; Code::invalid for a file of more than `limit` bytes or a tree that is deeper than 32.
Result<std::uint64_t> read_unixfs_file(const Cid& root, std::uint64_t limit, const GetBlock& blocks,
                                       const OnContent& sink);

}  // namespace eai::ipld
