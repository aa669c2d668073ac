// Why: a file becomes a UnixFS tree whose leaves are ranges of the file itself, so it is hashed once and stored nowhere
// else.
// Thread: hash_unixfs() blocks its caller. The leaves are read and hashed by `workers`, the whole file by the caller.
// Layouts: `fixed` gives the same CID as `ipfs add` with the profile unixfs-v1-2025. `tensor` gives the header of a
// GGUF and each of its tensors a subtree of their own, so that files that share tensors share blocks wherever the
// tensors lie.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "ipld/tree_walk.h"
#include "model/gguf.h"
#include "model/metadata.h"
#include "preserve/body.h"
#include "preserve/source_files.h"
#include "preserve/workers.h"

namespace eai::preserve {

struct Leaf {
  ipld::Cid cid;
  ByteRange range;  // of the file
};

struct HashedFile {
  std::shared_ptr<SourceFile> file;
  ipld::Sha256 sha256{};
  ipld::TreeNode root;
  std::vector<Leaf> leaves;        // in the order of the file
  std::vector<ipld::Block> inner;  // children before parents, the root last
  // f(cid, size) for all of them, leaves first.
  template <typename F>
  void each_block(F f) const {
    for (const Leaf& leaf : leaves) f(leaf.cid, leaf.range.size());
    for (const ipld::Block& block : inner) f(block.cid, block.bytes.size());
  }
};

// Where a file's subtrees begin and end: one over all of it for `fixed`, and for a file that is not a GGUF.
std::vector<ByteRange> regions_of(const std::optional<model::GgufInfo>& gguf, std::uint64_t size, model::Layout layout);

// `progress`: bytes hashed so far of this file. Code::cancelled when stopped.
Result<HashedFile> hash_unixfs(std::shared_ptr<SourceFile> file, const std::vector<ByteRange>& regions,
                               Workers& workers, const std::function<void(std::uint64_t)>& progress,
                               const std::stop_token& stop);

// The file's tree as one who downloads it would walk it: done().
Result<ipld::TreeWalk> walk_of(const HashedFile& file);

// The tree of bytes that lie in a body, under any profile; one thread. `on_leaf` gets each leaf's block.
using OnLeaf = std::function<Result<void>(const ipld::Cid& cid, ByteView block)>;
Result<ipld::TreeNode> import_body(const Body& body, const ipld::Profile& profile, const OnLeaf& on_leaf,
                                   const ipld::FileTree::OnBlock& on_inner);

}  // namespace eai::preserve
