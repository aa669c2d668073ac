// Why: comparing a model's blocks with those of the models that are known here shows how many of its bytes are new.
// Thread: any; unixfs_blocks() blocks its caller and reads the files on threads of its own.
// Format of a list: the SHA-256 of each block, 32 bytes each, and nothing else.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <stop_token>
#include <vector>

#include "ipld/car.h"
#include "ipld/hash.h"
#include "ipld/leaf_table.h"
#include "model/metadata.h"
#include "preserve/source_files.h"

namespace eai::preserve {

struct BlockSize {
  ipld::Sha256 digest{};
  std::uint64_t size = 0;
};
BlockSize block_size(const ipld::Cid& cid, std::uint64_t size);  // of a CID with SHA-256

using Digests = std::set<ipld::Sha256>;

// The blocks of a tree, which whoever has the tree has.
struct TreeBlocks {
  ipld::Cid root;
  std::span<const BlockSize> blocks;
};
// Where a tree's blocks end in a row of them that begins with the first tree's.
struct TreeEnd {
  ipld::Cid root;
  std::size_t end = 0;
};
std::vector<TreeBlocks> trees_of(const std::vector<BlockSize>& blocks, const std::vector<TreeEnd>& ends);

Result<void> write_block_list(const fs::path& file, const std::vector<BlockSize>& blocks);
Result<Digests> read_block_lists(const std::vector<fs::path>& files);
// Adds all blocks of a tree: `inner`, and those that are leaves.
void add_blocks(Digests& known, const ipld::LeafTable& leaves, const std::vector<ipld::Block>& inner);

// Bytes in blocks that are not in `had`, each block counted once.
std::uint64_t bytes_without(const std::vector<BlockSize>& blocks, const Digests& had);

// The blocks that these files have in the format unixfs; `layout` is for those that are GGUFs. `progress`: bytes read
// so far, of all files. Code::cancelled when stopped.
Result<std::vector<BlockSize>> unixfs_blocks(const SourceFiles& files, model::Layout layout, unsigned threads,
                                             const std::function<void(std::uint64_t)>& progress,
                                             const std::stop_token& stop);

}  // namespace eai::preserve
