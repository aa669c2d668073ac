#include "ipld/unixfs_reader.h"

#include <utility>

namespace eai::ipld {
namespace {

constexpr int k_depth_limit = 32;
constexpr std::size_t k_leaf_limit = 4'000'000;  // of one file: 4 TB in leaves of 1 MiB

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

struct Pending {
  Cid cid;
  std::uint64_t begin, size;
  int depth;
};

}  // namespace

Result<std::uint64_t> read_unixfs_file(const Cid& root, std::uint64_t limit, const GetBlock& blocks,
                                       const OnContent& sink) {
  return Walk(blocks, sink).root(root, limit);
}

Result<std::vector<LeafRange>> list_leaves(const Cid& root, std::uint64_t size, const GetBlock& blocks) {
  std::vector<LeafRange> leaves;
  std::vector<Pending> stack{{root, 0, size, 0}};
  while (!stack.empty()) {
    const Pending at = std::move(stack.back());
    stack.pop_back();
    if (leaves.size() + stack.size() > k_leaf_limit)
      return fail(Code::invalid, "a file consists of too many small blocks");
    if (at.cid.codec() == Codec::raw) {
      leaves.push_back({at.cid, {at.begin, at.begin + at.size}});
      continue;
    }
    if (at.depth > k_depth_limit) return fail(Code::invalid, "a file's tree is deeper than any real one");
    EAI_TRY(const ByteView block, blocks(at.cid));
    if (auto good = verify(at.cid.hash(), block); !good) {
      return Failure(std::move(good).error().with("block " + at.cid.str()));
    }
    EAI_TRY(const FileNode node, decode_file_node(at.cid, block));
    if (node.size != at.size)
      return fail(Code::corrupt, "block " + at.cid.str() + " does not have the size that its parent gives");
    if (!node.inline_data.empty()) leaves.push_back({at.cid, {at.begin, at.begin + node.inline_data.size()}});
    // Pushed from last to first, so that they come off the stack in the order of the file.
    std::uint64_t end = at.begin + at.size;
    for (std::size_t i = node.links.size(); i-- > 0;) {
      end -= node.blocksizes[i];
      if (node.blocksizes[i] != 0) stack.push_back({node.links[i].cid, end, node.blocksizes[i], at.depth + 1});
    }
  }
  return leaves;
}

}  // namespace eai::ipld
