// Why: a file is proven leaf by leaf. This table says where each leaf lies in the file and what proves its bytes, so
// that a leaf may come from anyone: as a block, as a range of the file, or from another file on this disk.
// Thread: any for the const calls; the rest belongs to one thread.
// What holds: the leaves are in the order of the file, they cover it without a gap, and none is empty. At most 48 bytes
// are kept for a leaf, except for the digests of rare hash functions and the bytes of held leaves.
// Source: UnixFS. A leaf of dag-pb is proven by wrapping the content again, as a message of type File (balanced trees)
// or Raw (trickle trees).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ipld/cid.h"
#include "ipld/hash.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

enum class LeafKind : std::uint8_t {
  raw,      // its block is the content
  wrapped,  // its block is the content inside dag-pb; its parent's word for it, until its content or block is proven
  held,     // the content lies in a CID or in an inner block, so it is known already
};

class LeafTable {
 public:
  // The table of a file that is one block: raw, or a wrapped leaf. Nothing for any other codec than raw and dag-pb.
  static Result<LeafTable> of_block(const Cid& root, std::uint64_t size);

  std::size_t count() const { return rows_.size(); }
  std::uint64_t size() const { return size_; }  // of the file
  LeafKind kind(std::size_t leaf) const { return rows_[leaf].name.kind; }
  ByteRange range(std::size_t leaf) const;  // in the file

  // The block to ask for, as the parent names it. Not for a held leaf.
  Cid cid(std::size_t leaf) const { return cid_of(rows_[leaf].name); }
  // The content of a held leaf.
  ByteView held(std::size_t leaf) const;

  // Whether these are the leaf's bytes. Code::corrupt if they are not; Code::invalid if they are and the tree gives the
  // leaf another size, so that no source can help; Code::unsupported for an unknown hash function. A wrapped leaf whose
  // writer wrapped it in an unusual way is corrupt here, and only unwrap() can prove it.
  Result<void> proves(std::size_t leaf, ByteView content) const;
  // Which of the leaves from `first` to before `end` proves() refuses; `content` are the bytes of all of them, back to
  // back. Several leaves at once take half the time of one after the other.
  std::vector<std::size_t> refused(std::size_t first, std::size_t end, ByteView content) const;
  // The content of a wrapped leaf from its block. Code::corrupt if the block does not match its CID; Code::invalid if
  // the block is proven and is not a leaf of this size: then TreeWalk::look_into() helps, or nothing does.
  Result<Bytes> unwrap(std::size_t leaf, ByteView block) const;

  // For those that make a table: what proves a leaf, and adding leaves in the order of the file.
  struct Name {
    Sha256 digest{};  // or the index of what lies outside of the row
    LeafKind kind = LeafKind::raw;
    bool is_v0 = false, is_other_hash = false;
  };
  Name name_of(const Cid& cid, LeafKind kind);  // raw or wrapped
  Name hold(Bytes content);
  Cid cid_of(const Name& name) const;                 // of a raw or wrapped one
  void append(const Name& name, std::uint64_t size);  // `name` is from this table, or from the one it is a copy of
  void shrink() { rows_.shrink_to_fit(); }

 private:
  struct Row {
    std::uint64_t begin = 0;
    Name name;
  };
  static_assert(sizeof(Row) <= 48);
  Multihash hash_of(const Name& name) const;
  bool is_plain(std::size_t leaf) const;  // its content hashes to the digest in its row
  std::vector<Row> rows_;
  std::uint64_t size_ = 0;
  std::vector<Multihash> others_;
  std::vector<std::shared_ptr<const Bytes>> held_;
};

}  // namespace eai::ipld
