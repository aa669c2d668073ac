// Why: the metadata of a model that is kept as an archive names no hash of a part of its files. Whoever hashes the whole
// files here has the hashes of their leaves almost for nothing, and later checks can say which bytes changed, use all
// cores, and look at a sample.
// Thread: any; blocks on the disk.
// What holds: the hashes are an extra, like trees (trees.h), and prove nothing to others.
// Source: models/<cid>/trees/leaves: the SHA-256 of each MiB (FileHasher) of each of the manifest's files, 32 bytes each, in
// their order. The manifest has its size and SHA-256.
#pragma once

#include <vector>

#include "ipld/leaf_table.h"
#include "store/store.h"

namespace eai::store {

// Of one of the model's files. Code::not_found if they were not kept; Code::corrupt if they changed on this disk.
Result<ipld::LeafTable> read_leaves(const Model& model, const StoredFile& file);

}  // namespace eai::store
