#include "ipld/unixfs_reader.h"

#include <utility>

namespace eai::ipld {
namespace {

class Walk {
 public:
  Walk(const GetBlock& blocks, const OnContent& sink) : blocks_(blocks), sink_(sink) {}

  Result<std::uint64_t> root(const Cid& cid, std::uint64_t limit) {
    EAI_TRY(FileNode node, open(cid));
    if (node.size > limit) {
      return fail(Code::invalid, "the file " + cid.str() + " claims " + std::to_string(node.size) + " bytes; at most " +
                                     std::to_string(limit) + " are allowed");
    }
    const std::uint64_t size = node.size;
    EAI_CHECK(emit(std::move(node), 0));
    return size;
  }

 private:
  Result<FileNode> open(const Cid& cid) {
    EAI_TRY(const ByteView block, blocks_(cid));
    if (auto good = verify(cid.hash(), block); !good) {
      return Failure(std::move(good).error().with("block " + cid.str()));
    }
    return decode_file_node(cid, block);
  }

  Result<void> emit(FileNode node, int depth) {
    if (!node.inline_data.empty()) EAI_CHECK(sink_(node.inline_data));
    for (std::size_t i = 0; i < node.links.size(); ++i) {
      if (depth == k_depth_limit) return fail(Code::invalid, "a file's tree is deeper than any real one");
      // An empty child adds nothing to the output. It is not walked, because a tree could name millions of them.
      if (node.blocksizes[i] == 0) continue;
      EAI_TRY(FileNode child, open(node.links[i].cid));
      if (child.size != node.blocksizes[i]) {
        return fail(Code::corrupt, "block " + node.links[i].cid.str() + " holds " + std::to_string(child.size) +
                                       " bytes of the file, but its parent says " + std::to_string(node.blocksizes[i]));
      }
      EAI_CHECK(emit(std::move(child), depth + 1));
    }
    return {};
  }

  const GetBlock& blocks_;
  const OnContent& sink_;
};

}  // namespace

Result<std::uint64_t> read_unixfs_file(const Cid& root, std::uint64_t limit, const GetBlock& blocks,
                                       const OnContent& sink) {
  return Walk(blocks, sink).root(root, limit);
}

}  // namespace eai::ipld
