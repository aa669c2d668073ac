// Why: files and folders as IPFS has them: a tree of blocks whose root's CID names all their bytes.
// Thread: any; pure functions; a FileTree belongs to one thread.
// Source: the UnixFS specification (Data message inside dag-pb) and the import layout of kubo: chunks become leaves,
// leaves are packed level by level, `width` at a time (docs/formats.md has the checked vectors).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ipld/cid.h"
#include "ipld/dag_pb.h"
#include "ipld/hash.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

enum class UnixfsType : std::uint8_t { raw = 0, directory = 1, file = 2, metadata = 3, symlink = 4, hamt_shard = 5 };

// The Data field of a dag-pb node.
struct UnixfsData {
  UnixfsType type = UnixfsType::file;
  std::optional<Bytes> data;                       // inline content; a symlink's target; a HAMT's bitmap
  std::optional<std::uint64_t> filesize;           // inline bytes and all blocksizes
  std::vector<std::uint64_t> blocksizes;           // content bytes below each link
  std::optional<std::uint64_t> hash_type, fanout;  // HAMT only
};
Bytes encode_unixfs(const UnixfsData& data);
// Mode and mtime are read over. Code::invalid says what does not fit.
Result<UnixfsData> decode_unixfs(ByteView bytes);

// A node of a file, with the rules of files checked: as many blocksizes as links, no names, filesize adds up.
struct FileNode {
  Bytes inline_data;
  std::vector<PbLink> links;
  std::vector<std::uint64_t> blocksizes;
  std::uint64_t size = 0;  // content bytes of the whole
};
// `block` belongs to `cid` (already verified): a raw leaf is its own content. Code::unsupported for what is no file.
Result<FileNode> decode_file_node(const Cid& cid, ByteView block);

enum class Leaves { raw, dag_pb };
// How a file is cut. All that a service may use is one of these (docs/formats.md, "Profiles").
struct Profile {
  std::string_view name;
  int cid_version = 1;
  Leaves leaves = Leaves::raw;
  std::uint64_t chunk = k_mib;  // bytes of a leaf
  std::size_t width = 1024;     // links of an inner node
  bool operator==(const Profile&) const = default;
};
// What we write.
inline constexpr Profile k_unixfs_v1_2025{"unixfs-v1-2025", 1, Leaves::raw, k_mib, 1024};
const std::vector<Profile>& known_profiles();  // k_unixfs_v1_2025 first, then by how common they are
const Profile* find_profile(std::string_view name);

// A finished subtree, to be linked from a parent.
struct TreeNode {
  Cid cid;
  std::uint64_t size = 0;   // content bytes
  std::uint64_t tsize = 0;  // bytes of the block and all below it
};
// A leaf of `content`. `block` gets the block's bytes where they are not the content itself (dag-pb leaves).
TreeNode make_leaf(const Profile& profile, ByteView content, Bytes* block = nullptr);
// Whether `content` is what `cid` names, for content of one block: the block itself (raw, json), or what a dag-pb leaf
// of a file wraps. Errors as verify() gives them; Code::unsupported for other codecs.
Result<void> verify_content(const Cid& cid, ByteView content);
// A raw leaf whose hash is known.
TreeNode raw_leaf(const Sha256& hash, std::uint64_t size);

// Packs leaves or subtrees, given in the order of the file, into the tree of a profile. Each inner block is handed
// out once, children before parents. Memory: one node per level.
class FileTree {
 public:
  using OnBlock = std::function<void(const Cid& cid, Bytes block)>;
  FileTree(const Profile& profile, OnBlock on_block);
  void add(TreeNode child);
  // The root: the only child itself, or a packed tree; an empty file without any. Called once, last.
  TreeNode finish();

 private:
  void add_at(std::size_t level, TreeNode child);
  TreeNode pack(std::vector<TreeNode>& children);
  Profile profile_;
  OnBlock on_block_;
  std::vector<std::vector<TreeNode>> levels_;
};

// A folder of named nodes: sorted by name as bytes. Code::invalid for a name that is empty, ".", "..", holds '/' or
// NUL or comes twice; Code::unsupported when the block would exceed 256 KiB (a sharded folder is needed).
struct DirectoryEntry {
  std::string name;
  TreeNode node;
};
struct Directory {
  TreeNode node;
  Bytes block;
};
Result<Directory> make_directory(const Profile& profile, std::vector<DirectoryEntry> entries);

}  // namespace eai::ipld
