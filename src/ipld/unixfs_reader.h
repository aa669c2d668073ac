// Why: the bytes of a file, out of blocks that nobody is trusted for.
// Thread: one; it blocks in `blocks` and `sink`. No I/O of its own.
// Source: UnixFS; any tree shape is read: leaves at mixed depths, content inside inner nodes, raw and dag-pb mixed.
// What holds: a block is hashed against its CID before a byte of it is used; content is handed out in the order of the
// file; depth and output are bounded, so that a small tree that names one child many times costs what it says.
#pragma once

#include <cstdint>
#include <functional>

#include "ipld/unixfs.h"

namespace eai::ipld {

// The block of this CID, unverified; valid until the next call.
using GetBlock = std::function<Result<ByteView>(const Cid& cid)>;
using OnContent = std::function<Result<void>(ByteView bytes)>;

// Code::corrupt for a block that does not fit its CID or a size that its parent did not promise; Code::invalid for a
// file over `limit` bytes or a tree deeper than 32.
Result<std::uint64_t> read_unixfs_file(const Cid& root, std::uint64_t limit, const GetBlock& blocks,
                                       const OnContent& sink);

// Where a file's leaves lie, without reading them: only inner nodes are fetched. In the order of the file.
struct LeafRange {
  Cid cid;
  ByteRange range;  // of the file
};
Result<std::vector<LeafRange>> list_leaves(const Cid& root, std::uint64_t size, const GetBlock& blocks);

}  // namespace eai::ipld
