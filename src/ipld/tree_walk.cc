#include "ipld/tree_walk.h"

#include <algorithm>
#include <utility>

namespace eai::ipld {
namespace {

constexpr std::uint64_t k_leaf_overhead = 32;  // a dag-pb leaf has fewer bytes around its content, an inner block more

Failure not_part_of_a_file(const Cid& cid) {
  return fail(Code::unsupported, "block " + cid.str() + " is neither dag-pb nor raw, so it is not part of a file");
}

Failure other_size(const Cid& cid, std::uint64_t found, std::uint64_t expected) {
  return fail(Code::invalid, "block " + cid.str() + " holds " + std::to_string(found) + " bytes of the file where " +
                                 std::to_string(expected) + " are expected");
}

bool looks_like_a_leaf(const PbLink& link, std::uint64_t size) {
  return link.tsize >= size && link.tsize - size < k_leaf_overhead && size <= k_block_limit;
}

// Whether a writer wraps this content in the usual way, so that the content alone proves the leaf.
bool is_usual_leaf(const Cid& cid, ByteView content) {
  LeafTable alone;
  alone.append(alone.name_of(cid, LeafKind::wrapped), content.size());
  return alone.proves(0, content).has_value();
}

}  // namespace

std::uint64_t leaf_limit(std::uint64_t file_size) {
  return std::min<std::uint64_t>(64 * k_kib + file_size / (16 * k_kib), 4'000'000);
}

std::uint64_t inner_limit(std::uint64_t file_size) {
  return std::min<std::uint64_t>(8 * k_mib + file_size / 256, 256 * k_mib);
}

std::uint64_t inner_count_limit(std::uint64_t file_size) {
  return std::min<std::uint64_t>(64 * k_kib + file_size / (64 * k_kib), 1'000'000);
}

Result<TreeWalk> TreeWalk::begin(const Cid& root, std::uint64_t size, SizeIs is) {
  TreeWalk walk(size);
  if (root.codec() != Codec::raw && root.codec() != Codec::dag_pb) return not_part_of_a_file(root);
  const std::optional<std::uint64_t> known = is == SizeIs::exact ? std::optional(size) : std::nullopt;
  EAI_CHECK(walk.want(root, known, 0));
  Node& top = walk.nodes_.front();
  if (root.codec() == Codec::raw && known && root.hash().code != HashCode::identity) {
    // A raw block has no children: nothing in it is needed to know where its bytes lie.
    top.is_here = top.is_leaf = true;
    if (size > 0) top.children = {{size, k_no_node, walk.names_.name_of(root, LeafKind::raw)}};
    walk.to_ask_.clear();
    walk.missing_ = 0;
  }
  EAI_CHECK(walk.open_identities());
  return walk;
}

std::optional<Cid> TreeWalk::next() {
  while (!to_ask_.empty() && !fault_) {
    const std::uint32_t index = to_ask_.front();
    to_ask_.pop_front();
    if (!nodes_[index].is_here) return nodes_[index].cid;
  }
  return std::nullopt;
}

Failure TreeWalk::final(Error error) {
  fault_ = std::move(error);
  return Failure(*fault_);
}

// The node of this CID; a new one is wanted from now on.
Result<std::uint32_t> TreeWalk::want(const Cid& cid, std::optional<std::uint64_t> size, int depth) {
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  const auto [found, is_new] = find_.try_emplace(cid.as_v1(), index);
  if (!is_new) {
    const std::optional<std::uint64_t>& before = nodes_[found->second].size;
    if (before && size && *before != *size) return other_size(cid, *before, *size);
    return found->second;
  }
  if (index > inner_count_limit(limit_)) return fail(Code::invalid, "a file's tree has too many inner blocks");
  nodes_.push_back({cid, size, depth});
  ++missing_;
  if (cid.hash().code == HashCode::identity) {
    identities_.push_back(index);
  } else {
    to_ask_.push_back(index);
  }
  return index;
}

Result<void> TreeWalk::give(const Cid& cid, ByteView block) {
  if (fault_) return Failure(*fault_);
  const auto found = find_.find(cid.as_v1());
  if (found == find_.end() || nodes_[found->second].is_here) return {};
  if (auto good = verify(cid.hash(), block); !good) {
    Error error = std::move(good).error().with("block " + cid.str());
    return error.code == Code::corrupt ? Failure(std::move(error)) : final(std::move(error));
  }
  Result<void> opened = open(found->second, block);
  if (opened) opened = open_identities();
  if (!opened) return final(std::move(opened).error());
  return {};
}

// What lies in a CID needs nobody to send it.
Result<void> TreeWalk::open_identities() {
  while (!identities_.empty()) {
    const std::uint32_t index = identities_.back();
    identities_.pop_back();
    const Cid cid = nodes_[index].cid;
    EAI_CHECK(verify(cid.hash(), cid.hash().digest));  // its length
    EAI_CHECK(open(index, cid.hash().digest));
  }
  return {};
}

Result<void> TreeWalk::open(std::uint32_t index, ByteView block) {
  EAI_TRY(FileNode content, decode_file_node(nodes_[index].cid, block));
  Node& node = nodes_[index];
  if (node.size && *node.size != content.size) return other_size(node.cid, content.size, *node.size);
  if (content.size > limit_) {
    return fail(Code::invalid, "the file " + node.cid.str() + " claims " + std::to_string(content.size) +
                                   " bytes; at most " + std::to_string(limit_) + " are allowed");
  }
  if (index == 0) limit_ = content.size;
  node.size = content.size;
  node.is_here = true;
  --missing_;
  // Empty children add nothing to the file. They are not walked, because a tree could name millions of them.
  node.is_leaf = content.size == content.inline_data.size();
  return node.is_leaf ? open_leaf(index, std::move(content), block) : open_inner(index, std::move(content), block);
}

Result<void> TreeWalk::open_leaf(std::uint32_t index, FileNode content, ByteView block) {
  Node& node = nodes_[index];
  if (content.size == 0) return {};
  const bool is_raw = node.cid.codec() == Codec::raw;
  if (node.cid.hash().code != HashCode::identity && (is_raw || is_usual_leaf(node.cid, content.inline_data))) {
    // It is fetched with the other leaves, so that memory does not hold what should be on the disk.
    const LeafKind kind = is_raw ? LeafKind::raw : LeafKind::wrapped;
    node.children = {{content.size, k_no_node, names_.name_of(node.cid, kind)}};
    return {};
  }
  EAI_CHECK(keep(index, block));
  nodes_[index].children = {{content.size, k_no_node, names_.hold(std::move(content.inline_data))}};
  return {};
}

Result<void> TreeWalk::open_inner(std::uint32_t index, FileNode content, ByteView block) {
  EAI_CHECK(keep(index, block));
  const int depth = nodes_[index].depth;
  if (depth == k_depth_limit) return fail(Code::invalid, "a file's tree is deeper than any real one");
  const auto filled = static_cast<std::uint64_t>(
      std::count_if(content.blocksizes.begin(), content.blocksizes.end(), [](std::uint64_t size) { return size > 0; }));
  children_ += filled;
  if (children_ > leaf_limit(limit_)) {
    return fail(Code::invalid, "a file consists of too many small blocks");
  }
  std::vector<Child> children;
  children.reserve(static_cast<std::size_t>(filled) + 1);
  if (!content.inline_data.empty()) {
    const std::uint64_t size = content.inline_data.size();
    children.push_back({size, k_no_node, names_.hold(std::move(content.inline_data))});
  }
  for (std::size_t i = 0; i < content.links.size(); ++i) {
    if (content.blocksizes[i] == 0) continue;
    EAI_TRY(Child child, child_of(content.links[i], content.blocksizes[i], depth + 1));
    children.push_back(child);
  }
  nodes_[index].children = std::move(children);
  return {};
}

Result<TreeWalk::Child> TreeWalk::child_of(const PbLink& link, std::uint64_t size, int depth) {
  const Cid& cid = link.cid;
  const bool is_identity = cid.hash().code == HashCode::identity;
  if (cid.codec() == Codec::raw) {
    if (is_identity && cid.hash().digest.size() != size) return other_size(cid, cid.hash().digest.size(), size);
    if (size > k_block_limit) return fail(Code::unsupported, "block " + cid.str() + " is larger than 2 MiB");
    return Child{size, k_no_node, is_identity ? names_.hold(cid.hash().digest) : names_.name_of(cid, LeafKind::raw)};
  }
  if (cid.codec() != Codec::dag_pb) return not_part_of_a_file(cid);
  if (!is_identity && looks_like_a_leaf(link, size)) {
    return Child{size, k_no_node, names_.name_of(cid, LeafKind::wrapped)};
  }
  EAI_TRY(const std::uint32_t node, want(cid, size, depth));
  return Child{size, node, {}};
}

// What is needed to walk the tree again.
Result<void> TreeWalk::keep(std::uint32_t index, ByteView block) {
  Node& node = nodes_[index];
  if (node.cid.hash().code == HashCode::identity) return {};
  kept_ += block.size();
  if (kept_ > inner_limit(limit_)) {
    return fail(Code::invalid, "the inner blocks of a file are larger than those of any real one");
  }
  node.block.assign(block.begin(), block.end());
  node.is_kept = true;
  return {};
}

Result<void> TreeWalk::take_for_leaf(const Cid& cid) {
  const auto found = find_.find(cid.as_v1());
  if (fault_ || found == find_.end() || nodes_[found->second].is_here) return {};
  Node& node = nodes_[found->second];
  if (!node.size || *node.size > k_block_limit) return fail(Code::corrupt, "block " + cid.str() + " is missing");
  node.is_here = node.is_leaf = true;
  --missing_;
  if (*node.size > 0) node.children = {{*node.size, k_no_node, names_.name_of(node.cid, LeafKind::wrapped)}};
  return {};
}

void TreeWalk::look_into(const Cid& leaf) {
  if (fault_ || leaf.codec() != Codec::dag_pb) return;
  looked_into_ = true;
  (void)want(leaf, std::nullopt, 1);  // its size is compared in expand()
}

std::uint32_t TreeWalk::node_of(const Child& child) const {
  if (child.node != k_no_node || !looked_into_ || child.leaf.kind != LeafKind::wrapped) return child.node;
  const auto found = find_.find(names_.cid_of(child.leaf).as_v1());
  return found == find_.end() ? k_no_node : found->second;
}

Result<LeafTable> TreeWalk::leaves() {
  if (fault_) return Failure(*fault_);
  if (missing_ > 0) return fail(Code::not_found, std::to_string(missing_) + " blocks of a file's tree are missing");
  auto out = expand();
  if (!out) return final(std::move(out).error());
  return out;
}

// Names each leaf as often as the tree does.
Result<LeafTable> TreeWalk::expand() const {
  struct At {
    std::uint32_t node;
    std::size_t child;
  };
  LeafTable out = names_;
  const std::uint64_t limit = leaf_limit(limit_);
  std::vector<At> way{{0, 0}};
  while (!way.empty()) {
    At& at = way.back();
    const Node& parent = nodes_[at.node];
    if (at.child == parent.children.size()) {
      way.pop_back();
      continue;
    }
    const Child& child = parent.children[at.child++];
    if (way.size() > k_depth_limit && !parent.is_leaf) {
      return fail(Code::invalid, "a file's tree is deeper than any real one");
    }
    // The child of a leaf that was opened is that leaf.
    const std::uint32_t below = parent.is_leaf ? k_no_node : node_of(child);
    if (below == k_no_node) {
      if (out.count() == limit) return fail(Code::invalid, "a file consists of too many small blocks");
      out.append(child.leaf, child.size);
    } else if (*nodes_[below].size != child.size) {
      return other_size(nodes_[below].cid, *nodes_[below].size, child.size);
    } else {
      way.push_back({below, 0});
    }
  }
  out.shrink();
  return out;
}

std::vector<Block> TreeWalk::inner() const {
  std::vector<Block> out;
  std::vector<bool> seen(nodes_.size());
  std::deque<std::uint32_t> next{0};
  seen[0] = true;
  for (; !next.empty(); next.pop_front()) {
    const Node& node = nodes_[next.front()];
    if (node.is_kept) out.push_back({node.cid, node.block});
    for (const Child& child : node.children) {
      const std::uint32_t below = node_of(child);
      if (below == k_no_node || seen[below]) continue;
      seen[below] = true;
      next.push_back(below);
    }
  }
  return out;
}

Result<LeafTable> list_leaves(TreeWalk& walk, const GetBlock& blocks) {
  while (const auto cid = walk.next()) {
    EAI_TRY(const ByteView block, blocks(*cid));
    EAI_CHECK(walk.give(*cid, block));
  }
  return walk.leaves();
}

}  // namespace eai::ipld
