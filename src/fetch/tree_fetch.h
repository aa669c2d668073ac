// Why: before a file can be fetched leaf by leaf, its tree must be known: a block or a thousand, none of which is trusted.
// Thread: the owner's, that of download(); it blocks.
// What holds: the CAR that the metadata may name has all inner blocks, for one request. Whatever it lacks, or all, is asked
// for block by block: of all files at once, from the top down, and from two sources if the first one takes its time. What
// an earlier run or a block folder has is not asked for. Each block is hashed against its CID (ipld::TreeWalk). What has
// been got is kept in `<folder>/trees.car`, also when the work is stopped.
#pragma once

#include <optional>
#include <vector>

#include "fetch/resumed.h"
#include "ipld/tree_walk.h"

namespace eai::fetch {

// Of the metadata's files, in their order.
struct Trees {
  std::vector<ipld::TreeWalk> walks;  // done
  std::vector<std::shared_ptr<const ipld::LeafTable>> leaves;
};

// The trees of all the metadata's files. Nothing if they cannot be had: no source gives single blocks, or a file is one
// block that is too large for leaves. Code::cancelled, Code::io; any other error says that what is proven is not the tree
// of a file.
Result<std::optional<Trees>> fetch_trees(const Fetching& of);

// Blocks of trees for the next fetch_trees() in this folder, each of which fits its CID; and whether there are any.
Result<void> keep_tree_blocks(const fs::path& folder, const std::vector<ipld::Block>& blocks);
bool has_tree_blocks(const fs::path& folder);

}  // namespace eai::fetch
