// Why: a path leads through folders, which are one block each or, if they are large, a tree of shards (a HAMT).
// Thread: any; these are pure functions.
// What holds: names are raw bytes. A folder is refused if a name is one that no file can have or appears twice. A shard
// is refused if its hash function is not murmur3-x64-64, its fanout is not a power of two from 8 to 1024, its bitfield
// has another number of bits than it has links, a link's prefix is not that of its bit, a name lies in a bucket where
// nobody would look for it, or it lies deeper than the hash has bits. It uses memory in proportion to the block.
// Source: the UnixFS specification. A shard's links come in the order of their buckets; "0A" is a shard for all names of
// that bucket, "0Aname" an entry. Each level of shards takes the next log2(fanout) bits of the name's hash, the highest
// first.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ipld/dag_pb.h"
#include "ipld/unixfs.h"
#include "util/result.h"

namespace eai::ipld {

// Not if it is empty, "." or "..", or contains '/' or NUL.
bool is_entry_name(std::string_view name);

// One block of a folder.
struct DirectoryNode {
  std::vector<PbLink>
      links;  // in the order of the block, named without prefixes; an empty name: a shard below this one
  std::optional<std::uint64_t> fanout;  // of a shard
  int level = 0;                        // of a shard: 0 for the root of the folder
  Bytes bitfield;                       // of a shard: a bit for each bucket, the first one in the last byte
};

// `level` says where in its folder a shard lies, and `fanout` what the shard above it has. Code::invalid says what is
// wrong; Code::unsupported if it is a UnixFS node of another type.
Result<DirectoryNode> read_directory(PbNode node, const UnixfsData& data, int level = 0,
                                     std::optional<std::uint64_t> fanout = {});
// The same for a block's bytes.
Result<DirectoryNode> decode_directory(ByteView block, int level = 0, std::optional<std::uint64_t> fanout = {});

// The entry of this name, or the shard below (its name is empty) in which it must be if it exists; null if it does not.
const PbLink* find_entry(const DirectoryNode& node, std::string_view name);

}  // namespace eai::ipld
