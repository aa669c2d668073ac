// Why: with the tree of a file, each of its leaves can be proven again, handed to others and found again in other
// files, and nobody has to be asked for it.
// Thread: any; read_tree() and read_tree_blocks() block on the disk.
// What holds: a tree proves itself from the CID in the metadata down to the leaves. It is an extra: a model whose trees
// are missing or damaged is as good as any other, and stays usable.
// Source: a CARv1 per file, models/<cid>/trees/<n>.car, of the inner blocks in the order of a walk, the root first; n
// counts the metadata's files from 0. A file that is one block has none.
#pragma once

#include <cstddef>
#include <vector>

#include "ipld/tree_walk.h"
#include "store/store.h"

namespace eai::store {

// The leaves of a file of the model's metadata, where `file` counts from 0. Code::not_found if no trees were kept with
// this model and the file is more than one raw block; Code::corrupt if the tree changed on this disk.
Result<ipld::LeafTable> read_tree(const Model& model, std::size_t file);
// The blocks above them, the root first. Code::not_found if no trees were kept; Code::corrupt as above.
Result<std::vector<ipld::Block>> read_tree_blocks(const Model& model, std::size_t file);

}  // namespace eai::store
