// Why: before a file can be fetched leaf by leaf, its tree must be known: a block or a thousand, none of which is trusted.
// Thread: the owner's, that of download(); it blocks.
// What holds: the trees of all files are asked for at once, from the top down, each block from two sources if the first
// one takes its time. What is in the folder of an earlier run, in block folders, or in the CAR that the metadata may
// name, is not asked for. Each block is hashed against its CID (ipld::TreeWalk). What has been got is kept in
// `<folder>/trees/<n>.car`, also when the work is stopped.
// Format of what is kept: a CARv1 of the inner blocks, as the store has it.
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

}  // namespace eai::fetch
