// Why: the blocks of a file's tree come from many senders at once, and none of them is trusted. The walk says which
// blocks it wants, checks what it is given, and in the end knows where every leaf lies.
// Thread: one at a time. There is no I/O.
// What holds: a block is hashed against its CID before a byte of it is used. Only inner blocks are asked for: a raw
// leaf is known by its CID, and a dag-pb child that is about as large as its content is taken for a leaf, which the
// proof of that leaf confirms or not. Each inner block is asked for and kept once, however often the tree names it.
// Bounds: the depth is at most 32; the file has at most the size that the caller gives; a leaf below an inner block has
// at most 2 MiB (k_block_limit). A file has at most leaf_limit(size) leaves and inner_count_limit(size) other blocks,
// and these have at most inner_limit(size) bytes together, so that a tree of tiny leaves costs no more than some
// hundred MiB of memory.
// Source: UnixFS. Trees of any shape are read: leaves at different depths (trickle), content inside inner blocks and
// inside CIDs (identity), raw and dag-pb leaves and both versions of CIDs mixed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "ipld/car.h"
#include "ipld/leaf_table.h"
#include "ipld/unixfs_reader.h"

namespace eai::ipld {

std::uint64_t leaf_limit(std::uint64_t file_size);         // 64 Ki, one more for each 16 KiB, and at most 4 million
std::uint64_t inner_count_limit(std::uint64_t file_size);  // 64 Ki, one more for each 64 KiB, and at most a million
std::uint64_t inner_limit(std::uint64_t file_size);        // 8 MiB and 1/256 of the file, and at most 256 MiB

enum class SizeIs { exact, at_most };

class TreeWalk {
 public:
  // `size`: what the metadata say the file has, or at most has. Code::unsupported if `root` cannot name a file.
  static Result<TreeWalk> begin(const Cid& root, std::uint64_t size, SizeIs is = SizeIs::exact);

  // A block that is wanted, each once and from the top down; nothing if all that are known of have been handed out.
  // What the caller could not get is for the caller to ask for again.
  std::optional<Cid> next();
  // Blocks that are wanted and have not been given, handed out or not.
  std::size_t missing() const { return missing_; }
  bool done() const { return missing_ == 0 && !fault_; }
  const Cid& root() const { return nodes_.front().cid; }
  std::uint64_t size() const { return limit_; }  // of the file when done(), before that at most

  // Code::corrupt if the block does not match its CID: it is as if it had not been given. Any other error
  // (Code::invalid, Code::unsupported) is final, since no source can have a better tree under this root. A block that
  // is not wanted, or is given a second time, is ignored.
  Result<void> give(const Cid& cid, ByteView block);

  // For a tree that is read back from inner(), which leaves leaves out: this block is not there, so it is a leaf.
  // Code::corrupt if it is too large for that.
  Result<void> take_for_leaf(const Cid& cid);

  // When done(): the leaves. Fails like give() with a final error where only the whole shows what is wrong.
  Result<LeafTable> leaves();
  // For a wrapped leaf of a table whose content nobody can prove: its block is wanted now. If it turns out to be an
  // inner block, it is walked; leaves() then gives another table, in which all other leaves lie where they lay.
  void look_into(const Cid& leaf);

  // When done(): the inner blocks as a CAR keeps them, the root first and each parent before its children, in an order
  // that depends on the tree alone. Nothing for a file that is one block without children.
  std::vector<Block> inner() const;

 private:
  // A child of an inner block: a leaf, or another node.
  struct Child {
    std::uint64_t size = 0;
    std::uint32_t node = k_no_node;
    LeafTable::Name leaf;
  };
  static_assert(sizeof(Child) <= 48);
  static constexpr std::uint32_t k_no_node = UINT32_MAX;
  // A block that is wanted or was given. One that proves to be a leaf has a single child, itself.
  struct Node {
    Cid cid;
    std::optional<std::uint64_t> size;  // content bytes; nothing: the root's, which is only bounded
    int depth = 0;
    bool is_here = false;
    bool is_leaf = false;
    bool is_kept = false;  // in `block`, for a CAR
    Bytes block = {};
    std::vector<Child> children = {};
  };
  explicit TreeWalk(std::uint64_t limit) : limit_(limit) {}

  Result<std::uint32_t> want(const Cid& cid, std::optional<std::uint64_t> size, int depth);
  Result<void> open(std::uint32_t index, ByteView block);
  Result<void> open_leaf(std::uint32_t index, FileNode content, ByteView block);
  Result<void> open_inner(std::uint32_t index, FileNode content, ByteView block);
  Result<Child> child_of(const PbLink& link, std::uint64_t size, int depth);
  Result<void> keep(std::uint32_t index, ByteView block);
  Result<void> open_identities();
  std::uint32_t node_of(const Child& child) const;
  Result<LeafTable> expand() const;
  Failure final(Error error);

  std::uint64_t limit_;                          // of the file's size; when the root is here, its size
  std::vector<Node> nodes_;                      // the root first
  std::unordered_map<Cid, std::uint32_t> find_;  // by the CID's v1
  std::deque<std::uint32_t> to_ask_;
  std::vector<std::uint32_t> identities_;  // found, and not opened yet
  std::size_t missing_ = 0;
  std::uint64_t children_ = 0, kept_ = 0;  // of all nodes
  LeafTable names_;                        // without rows: what the names of children refer to
  bool looked_into_ = false;               // so a wrapped leaf may be a node
  std::optional<Error> fault_;
};

// Walks a whole tree whose blocks can be had one after the other. Fails like `blocks`, or like TreeWalk::give().
Result<LeafTable> list_leaves(TreeWalk& walk, const GetBlock& blocks);

}  // namespace eai::ipld
