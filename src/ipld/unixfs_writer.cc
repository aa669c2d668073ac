#include <algorithm>
#include <utility>

#include "ipld/directory.h"
#include "ipld/protobuf.h"
#include "ipld/unixfs.h"

namespace eai::ipld {
namespace {

constexpr std::size_t k_directory_limit = 256 * k_kib;
constexpr std::uint64_t k_pb_data = 1, k_unixfs_data = 2, k_unixfs_filesize = 3;  // numbers of fields

Cid dag_pb_cid(const Profile& profile, ByteView block) {
  const Sha256 hash = sha256(block);
  Multihash multihash{HashCode::sha2_256, Bytes(hash.begin(), hash.end())};
  // The binary form of a CIDv0 is its multihash alone.
  if (profile.cid_version == 0) return Cid::from_bytes(multihash.bytes()).value();
  return Cid::v1(Codec::dag_pb, std::move(multihash));
}

// The bytes of a usual leaf's block before and behind its content.
struct LeafWrapping {
  Bytes head, tail;
};

LeafWrapping leaf_wrapping(UnixfsType type, std::uint64_t size) {
  UnixfsData data;
  data.type = type;
  LeafWrapping out;
  Bytes message = encode_unixfs(data);  // what comes before the content
  if (size > 0) {
    append_tag(message, k_unixfs_data, Wire::bytes);
    append_varint(message, size);
  }
  append_varint_field(out.tail, k_unixfs_filesize, size);
  append_tag(out.head, k_pb_data, Wire::bytes);
  append_varint(out.head, message.size() + size + out.tail.size());
  out.head.insert(out.head.end(), message.begin(), message.end());
  return out;
}

// Nothing is copied for SHA-256, which nearly all trees have.
Result<void> verify_in_steps(const Multihash& hash, const LeafWrapping& around, ByteView content) {
  Sha256Hasher hasher;
  hasher.update(around.head);
  hasher.update(content);
  hasher.update(around.tail);
  if (matches(hash, hasher.finish())) return {};
  return fail(Code::corrupt, std::to_string(content.size()) + " bytes are not the content of their dag-pb leaf");
}

Bytes joined(ByteView a, ByteView b, ByteView c) {
  Bytes out(a.begin(), a.end());
  out.insert(out.end(), b.begin(), b.end());
  out.insert(out.end(), c.begin(), c.end());
  return out;
}

}  // namespace

const std::vector<Profile>& known_profiles() {
  static const std::vector<Profile> profiles{
      k_unixfs_v1_2025,
      {"kubo-v1", 1, Leaves::raw, 256 * k_kib, 174},
      {"test-cid-v1", 1, Leaves::raw, k_mib, 174},
      {"unixfs-v0-2015", 0, Leaves::dag_pb, 256 * k_kib, 174},
  };
  return profiles;
}

const Profile* find_profile(std::string_view name) {
  const auto& all = known_profiles();
  auto found = std::find_if(all.begin(), all.end(), [&](const Profile& p) { return p.name == name; });
  return found == all.end() ? nullptr : &*found;
}

TreeNode raw_leaf(const Sha256& hash, std::uint64_t size) {
  Multihash multihash{HashCode::sha2_256, Bytes(hash.begin(), hash.end())};
  return {Cid::v1(Codec::raw, std::move(multihash)), size, size};
}

TreeNode make_leaf(const Profile& profile, ByteView content, Bytes* block) {
  if (profile.leaves == Leaves::raw) return raw_leaf(sha256(content), content.size());
  UnixfsData data;
  if (!content.empty()) data.data = Bytes(content.begin(), content.end());
  data.filesize = content.size();
  PbNode node;
  node.data = encode_unixfs(data);
  Bytes encoded = encode_dag_pb(node);
  TreeNode leaf{dag_pb_cid(profile, encoded), content.size(), encoded.size()};
  if (block != nullptr) *block = std::move(encoded);
  return leaf;
}

Result<void> verify_leaf(const Multihash& hash, ByteView content) {
  Result<void> good;
  for (const UnixfsType type : {UnixfsType::file, UnixfsType::raw}) {
    const LeafWrapping around = leaf_wrapping(type, content.size());
    good = hash.code == HashCode::sha2_256 ? verify_in_steps(hash, around, content)
                                           : verify(hash, joined(around.head, content, around.tail));
    if (good || good.error().code != Code::corrupt) return good;
  }
  return good;
}

Result<Bytes> leaf_block(const Multihash& hash, ByteView content) {
  for (const UnixfsType type : {UnixfsType::file, UnixfsType::raw}) {
    const LeafWrapping around = leaf_wrapping(type, content.size());
    Bytes block = joined(around.head, content, around.tail);
    if (verify(hash, block)) return block;
  }
  return fail(Code::corrupt, "the bytes do not match their hash");
}

Result<void> verify_content(const Cid& cid, ByteView content) {
  if (cid.codec() == Codec::raw || cid.codec() == Codec::json) return verify(cid.hash(), content);
  if (cid.codec() != Codec::dag_pb) {
    return fail(Code::unsupported, cid.str() + " has a codec whose content cannot be checked here");
  }
  return verify_leaf(cid.hash(), content);
}

FileTree::FileTree(const Profile& profile, OnBlock on_block) : profile_(profile), on_block_(std::move(on_block)) {}

void FileTree::add(TreeNode child) { add_at(0, std::move(child)); }

void FileTree::add_at(std::size_t level, TreeNode child) {
  if (levels_.size() == level) levels_.emplace_back();
  // A full node is packed only when one more child arrives, because a full node that stays alone is the root.
  if (levels_[level].size() == profile_.width) add_at(level + 1, pack(levels_[level]));
  levels_[level].push_back(std::move(child));
}

TreeNode FileTree::pack(std::vector<TreeNode>& children) {
  PbNode node;
  UnixfsData data;
  TreeNode parent{children.front().cid, 0, 0};
  for (TreeNode& child : children) {
    node.links.push_back({std::move(child.cid), "", child.tsize});
    data.blocksizes.push_back(child.size);
    parent.size += child.size;
    parent.tsize += child.tsize;
  }
  children.clear();
  data.filesize = parent.size;
  node.data = encode_unixfs(data);
  Bytes block = encode_dag_pb(node);
  parent.cid = dag_pb_cid(profile_, block);
  parent.tsize += block.size();
  if (on_block_) on_block_(parent.cid, std::move(block));
  return parent;
}

TreeNode FileTree::finish() {
  if (levels_.empty()) {
    Bytes block;
    TreeNode leaf = make_leaf(profile_, {}, &block);
    if (on_block_) on_block_(leaf.cid, std::move(block));
    return leaf;
  }
  for (std::size_t level = 0;; ++level) {
    const bool is_top = level + 1 == levels_.size();
    if (is_top && levels_[level].size() == 1) return std::move(levels_[level].front());
    add_at(level + 1, pack(levels_[level]));
  }
}

Result<Directory> make_directory(const Profile& profile, std::vector<DirectoryEntry> entries) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  PbNode node;
  TreeNode directory{dag_pb_cid(profile, {}), 0, 0};
  for (DirectoryEntry& entry : entries) {
    const std::string& name = entry.name;
    if (!is_entry_name(name)) {
      return fail(Code::invalid, "a folder's entry has a name that no file can have");
    }
    if (!node.links.empty() && node.links.back().name == name) {
      return fail(Code::invalid, "a folder has two entries with the name " + name);
    }
    directory.size += entry.node.size;
    directory.tsize += entry.node.tsize;
    node.links.push_back({std::move(entry.node.cid), std::move(entry.name), entry.node.tsize});
  }
  UnixfsData data;
  data.type = UnixfsType::directory;
  node.data = encode_unixfs(data);
  Bytes block = encode_dag_pb(node);
  if (block.size() > k_directory_limit) {
    return fail(Code::unsupported, "a folder with so many entries needs a sharded UnixFS folder");
  }
  directory.cid = dag_pb_cid(profile, block);
  directory.tsize += block.size();
  return Directory{std::move(directory), std::move(block)};
}

}  // namespace eai::ipld
