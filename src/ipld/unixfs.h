// Why: IPFS keeps a file or folder as a tree of blocks, and the CID of its root names all of its bytes.
// Thread: any; these are pure functions, except that a FileTree belongs to one thread.
// What holds: a FileNode has passed all the rules for files; the same bytes under the same profile give the same CID.
// Source: the UnixFS specification (a Data message inside dag-pb) and kubo's layout of imports: chunks become leaves,
// and `width` leaves at a time are packed level by level (docs/formats.md has the vectors that were checked).
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
  std::optional<Bytes> data;                       // inline content, a symlink's target or a HAMT's bitmap
  std::optional<std::uint64_t> filesize;           // inline bytes plus all blocksizes
  std::vector<std::uint64_t> blocksizes;           // content bytes below each link
  std::optional<std::uint64_t> hash_type, fanout;  // HAMT only
};
Bytes encode_unixfs(const UnixfsData& data);
// Ignores mode and mtime. Code::invalid says what is wrong.
Result<UnixfsData> decode_unixfs(ByteView bytes);

// A node of a file that was checked: it has as many blocksizes as links and no names, and its filesize adds up.
struct FileNode {
  Bytes inline_data;
  std::vector<PbLink> links;
  std::vector<std::uint64_t> blocksizes;
  std::uint64_t size = 0;  // content bytes of the whole
};
// `block` was verified against `cid`. A raw leaf is its own content. Code::unsupported if it is not part of a file.
Result<FileNode> decode_file_node(const Cid& cid, ByteView block);

enum class Leaves { raw, dag_pb };
// How a file is cut into blocks. Every service uses one of these profiles (docs/formats.md, "Profiles").
struct Profile {
  std::string_view name;
  int cid_version = 1;
  Leaves leaves = Leaves::raw;
  std::uint64_t chunk = k_mib;  // bytes of a leaf
  std::size_t width = 1024;     // links of an inner node
  bool operator==(const Profile&) const = default;
};
// The one that we write.
inline constexpr Profile k_unixfs_v1_2025{"unixfs-v1-2025", 1, Leaves::raw, k_mib, 1024};
const std::vector<Profile>& known_profiles();  // k_unixfs_v1_2025 first, then the most common ones
const Profile* find_profile(std::string_view name);

// A finished subtree to which a parent can link.
struct TreeNode {
  Cid cid;
  std::uint64_t size = 0;   // content bytes
  std::uint64_t tsize = 0;  // bytes of the block and all below it
};
// The leaf for `content`. `block` gets the block's bytes if they are not the content itself (dag-pb leaves).
TreeNode make_leaf(const Profile& profile, ByteView content, Bytes* block = nullptr);
// Whether `hash` names the usual dag-pb leaf around `content`: a message of type File (balanced trees) or Raw (trickle
// trees) with the content and its size, and nothing else. Fails as verify() does.
Result<void> verify_leaf(const Multihash& hash, ByteView content);
// That leaf's block. Code::corrupt if `hash` names neither of the two.
Result<Bytes> leaf_block(const Multihash& hash, ByteView content);
// Whether `cid` names `content`, for content of one block: the block itself (raw, json), or what a dag-pb leaf of a
// file wraps. Fails as verify() does; Code::unsupported for other codecs.
Result<void> verify_content(const Cid& cid, ByteView content);
// The raw leaf for content whose hash is known.
TreeNode raw_leaf(const Sha256& hash, std::uint64_t size);

// Packs leaves or subtrees, which come in the order of the file, into the tree of a profile. It hands out each inner
// block once, children before parents, and keeps one node per level in memory.
class FileTree {
 public:
  using OnBlock = std::function<void(const Cid& cid, Bytes block)>;
  FileTree(const Profile& profile, OnBlock on_block);
  void add(TreeNode child);
  // The root: the child itself if there is only one, else a packed tree; an empty file if there are none. Call it once,
  // last.
  TreeNode finish();

 private:
  void add_at(std::size_t level, TreeNode child);
  TreeNode pack(std::vector<TreeNode>& children);
  Profile profile_;
  OnBlock on_block_;
  std::vector<std::vector<TreeNode>> levels_;
};

// A folder of named nodes, sorted by the bytes of their names. Code::invalid for a name that is empty, "." or "..",
// that contains '/' or NUL, or that appears twice; Code::unsupported if the block would have more than 256 KiB, because
// that takes a sharded folder.
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
