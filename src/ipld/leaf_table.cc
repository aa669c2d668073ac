#include "ipld/leaf_table.h"

#include <algorithm>
#include <cstring>

#include "ipld/unixfs.h"

namespace eai::ipld {
namespace {

// Where a Name has an index instead of a digest, it lies in the digest's first bytes.
Sha256 digest_of_index(std::uint64_t index) {
  Sha256 out{};
  std::memcpy(out.data(), &index, sizeof index);
  return out;
}
std::size_t index_in(const Sha256& digest) {
  std::uint64_t index = 0;
  std::memcpy(&index, digest.data(), sizeof index);
  return static_cast<std::size_t>(index);
}

}  // namespace

Result<LeafTable> LeafTable::of_block(const Cid& root, std::uint64_t size) {
  if (root.codec() != Codec::raw && root.codec() != Codec::dag_pb) {
    return fail(Code::unsupported, "block " + root.str() + " is neither dag-pb nor raw, so it is not part of a file");
  }
  LeafTable out;
  if (size > 0) out.append(out.name_of(root, root.codec() == Codec::raw ? LeafKind::raw : LeafKind::wrapped), size);
  return out;
}

ByteRange LeafTable::range(std::size_t leaf) const {
  return {rows_[leaf].begin, leaf + 1 < rows_.size() ? rows_[leaf + 1].begin : size_};
}

Multihash LeafTable::hash_of(const Name& name) const {
  if (name.is_other_hash) return others_[index_in(name.digest)];
  return {HashCode::sha2_256, Bytes(name.digest.begin(), name.digest.end())};
}

Cid LeafTable::cid_of(const Name& name) const {
  const Multihash hash = hash_of(name);
  // The binary form of a CIDv0 is its multihash alone.
  if (name.is_v0) return Cid::from_bytes(hash.bytes()).value();
  return Cid::v1(name.kind == LeafKind::raw ? Codec::raw : Codec::dag_pb, hash);
}

ByteView LeafTable::held(std::size_t leaf) const { return *held_[index_in(rows_[leaf].name.digest)]; }

Result<void> LeafTable::proves(std::size_t leaf, ByteView content) const {
  const Name& name = rows_[leaf].name;
  const ByteRange place = range(leaf);
  if (name.kind == LeafKind::held) {
    if (std::ranges::equal(held(leaf), content)) return {};
    return fail(Code::corrupt, "the bytes at " + std::to_string(place.begin) + " are not those that the tree holds");
  }
  const Multihash expected = hash_of(name);
  auto good = name.kind == LeafKind::raw ? verify(expected, content) : verify_leaf(expected, content);
  if (!good) return Failure(std::move(good).error().with("block " + cid(leaf).str()));
  if (content.size() == place.size()) return {};
  return fail(Code::invalid, "block " + cid(leaf).str() + " holds " + std::to_string(content.size()) +
                                 " bytes of the file, but its parent says " + std::to_string(place.size()));
}

bool LeafTable::is_plain(std::size_t leaf) const {
  return rows_[leaf].name.kind == LeafKind::raw && !rows_[leaf].name.is_other_hash;
}

std::vector<std::size_t> LeafTable::refused(std::size_t first, std::size_t end, ByteView content) const {
  std::vector<std::size_t> out;
  const std::uint64_t begin = first < end ? range(first).begin : 0;
  const auto bytes_of = [&](std::size_t leaf) {
    const ByteRange place = range(leaf);
    return content.subspan(static_cast<std::size_t>(place.begin - begin), static_cast<std::size_t>(place.size()));
  };
  for (std::size_t leaf = first; leaf < end;) {
    if (leaf + 1 < end && is_plain(leaf) && is_plain(leaf + 1)) {
      for (const Sha256& found : sha256_of_both(bytes_of(leaf), bytes_of(leaf + 1))) {
        if (!matches(rows_[leaf].name.digest, found)) out.push_back(leaf);
        ++leaf;
      }
    } else {
      if (!proves(leaf, bytes_of(leaf))) out.push_back(leaf);
      ++leaf;
    }
  }
  return out;
}

Result<Bytes> LeafTable::unwrap(std::size_t leaf, ByteView block) const {
  const Cid id = cid(leaf);
  if (auto good = verify(id.hash(), block); !good) {
    return Failure(std::move(good).error().with("block " + id.str()));
  }
  EAI_TRY(FileNode node, decode_file_node(id, block));
  const std::uint64_t expected = range(leaf).size();
  if (node.inline_data.size() == expected && node.size == expected) return std::move(node.inline_data);
  return fail(Code::invalid, "block " + id.str() + " is not a leaf of " + std::to_string(expected) + " bytes");
}

LeafTable::Name LeafTable::name_of(const Cid& cid, LeafKind kind) {
  Name out{{}, kind, cid.version() == 0, cid.hash().code != HashCode::sha2_256};
  if (out.is_other_hash) {
    out.digest = digest_of_index(others_.size());
    others_.push_back(cid.hash());
  } else {
    std::copy_n(cid.hash().digest.begin(), out.digest.size(), out.digest.begin());
  }
  return out;
}

LeafTable::Name LeafTable::hold(Bytes content) {
  held_.push_back(std::make_shared<const Bytes>(std::move(content)));
  return {digest_of_index(held_.size() - 1), LeafKind::held, false, false};
}

void LeafTable::append(const Name& name, std::uint64_t size) {
  rows_.push_back({size_, name});
  size_ += size;
}

}  // namespace eai::ipld
