// Why: trees of every shape that a reader must take, and of shapes that lie, for unit tests and the fuzz target.
// Thread: one.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <openssl/sha.h>

#include "ipld/tree_walk.h"

namespace eai::ipld {

// Blocks by multihash, as a client's memory would hold them.
struct Blocks {
  std::map<Bytes, Bytes> by_hash;
  void put(const Cid& cid, Bytes block) { by_hash[cid.hash().bytes()] = std::move(block); }
  const Bytes* find(const Cid& cid) const {
    const auto found = by_hash.find(cid.hash().bytes());
    return found == by_hash.end() ? nullptr : &found->second;
  }
  GetBlock getter() const {
    return [this](const Cid& cid) -> Result<ByteView> {
      if (cid.hash().code == HashCode::identity) return ByteView(cid.hash().digest);
      if (const Bytes* block = find(cid)) return ByteView(*block);
      return fail(Code::not_found, "no block " + cid.str());
    };
  }
};

enum class Honesty { honest, lying };

class TreeMaker {
 public:
  // `choose(n)` gives a number below n.
  using Choose = std::function<std::uint32_t(std::uint32_t)>;
  TreeMaker(Choose choose, Honesty honesty) : choose_(std::move(choose)), lies_(honesty == Honesty::lying) {}

  struct Made {
    Cid cid;
    std::uint64_t size = 0, tsize = 0;
  };
  Made make(int depth) {
    // Half of all nodes have children, while there is room below.
    if (depth > 0 && choose_(2) == 0) return inner(depth);
    switch (choose_(8)) {
      case 0:
        return identity();
      case 1:
      case 2:
        return remember(wrapped(UnixfsType::file));
      case 3:
        return remember(wrapped(UnixfsType::raw));
      case 4:
        return remember(odd_leaf());
      case 5:
        if (!made_.empty()) return made_[choose_(static_cast<std::uint32_t>(made_.size()))];
        [[fallthrough]];
      default:
        return remember(raw());
    }
  }
  const Blocks& blocks() const { return blocks_; }

 private:
  Made remember(Made made) {
    made_.push_back(made);
    return made;
  }
  Bytes content(std::uint32_t most) {
    Bytes out(choose_(most + 1));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(made_.size() * 31 + i);
    return out;
  }
  Cid named(Codec codec, ByteView block) {
    Multihash hash = Cid::raw_of(block).hash();
    const std::uint32_t kind = choose_(8);
    if (kind == 0) {
      hash = {HashCode::sha2_512, Bytes(64)};
      SHA512(block.data(), block.size(), hash.digest.data());
    }
    if (kind == 1 && codec == Codec::dag_pb) return Cid::from_bytes(hash.bytes()).value();  // v0
    return Cid::v1(codec, std::move(hash));
  }
  Made put(Codec codec, Bytes block, std::uint64_t size, std::uint64_t below) {
    Made out{named(codec, block), size, below + block.size()};
    blocks_.put(out.cid, std::move(block));
    return out;
  }
  Made raw() {
    Bytes block = content(9);
    const std::uint64_t size = block.size();
    return put(Codec::raw, std::move(block), size, 0);
  }
  Made wrapped(UnixfsType type) {
    UnixfsData data;
    data.type = type;
    if (Bytes bytes = content(9); !bytes.empty()) data.data = std::move(bytes);
    const std::uint64_t size = data.data ? data.data->size() : 0;
    data.filesize = size;
    return put(Codec::dag_pb, encode_dag_pb({{}, encode_unixfs(data)}), size, 0);
  }
  Made odd_leaf() {  // without a filesize, or with content that is there and empty
    UnixfsData data;
    data.data = content(9);
    return put(Codec::dag_pb, encode_dag_pb({{}, encode_unixfs(data)}), data.data->size(), 0);
  }
  Made identity() {
    const Bytes bytes = content(20);
    if (choose_(2) == 0) return {Cid::v1(Codec::raw, {HashCode::identity, bytes}), bytes.size(), bytes.size()};
    UnixfsData data;
    data.data = bytes;
    data.filesize = bytes.size();
    const Bytes block = encode_dag_pb({{}, encode_unixfs(data)});
    return {Cid::v1(Codec::dag_pb, {HashCode::identity, block}), bytes.size(), block.size()};
  }
  Made inner(int depth) {
    PbNode node;
    UnixfsData data;
    std::uint64_t size = 0, tsize = 0;
    if (choose_(4) == 0) {
      data.data = content(5);
      size = data.data->size();
    }
    for (std::uint32_t i = choose_(5); i > 0; --i) {
      Made child = make(depth - 1);
      if (choose_(6) == 0) child.tsize = child.size + choose_(60);  // a hint, which no reader may trust
      if (lies_ && choose_(8) == 0) child.size = choose_(12);
      node.links.push_back({child.cid, "", child.tsize});
      data.blocksizes.push_back(child.size);
      size += child.size;
      tsize += child.tsize;
    }
    data.filesize = size + (lies_ && choose_(20) == 0 ? 1 : 0);
    node.data = encode_unixfs(data);
    return remember(put(Codec::dag_pb, encode_dag_pb(node), size, tsize));
  }

  Choose choose_;
  bool lies_;
  Blocks blocks_;
  std::vector<Made> made_;
};

// Reads the file as one does who has a table: leaf by leaf, each proven; a leaf that its content cannot prove is
// unwrapped from its block, and where that is no leaf the walk looks into it. `blocks` are not trusted.
inline Result<Bytes> read_by_leaves(TreeWalk& walk, const GetBlock& blocks) {
  std::set<Cid> looked;
  while (true) {
    EAI_TRY(const LeafTable table, list_leaves(walk, blocks));
    Bytes out;
    bool again = false;
    for (std::size_t leaf = 0; leaf < table.count() && !again; ++leaf) {
      Bytes content;
      if (table.kind(leaf) == LeafKind::held) {
        content.assign(table.held(leaf).begin(), table.held(leaf).end());
      } else {
        EAI_TRY(const ByteView block, blocks(table.cid(leaf)));
        content.assign(block.begin(), block.end());
        if (table.kind(leaf) == LeafKind::wrapped) {
          auto inside = table.unwrap(leaf, block);
          if (!inside && inside.error().code == Code::invalid) {
            if (!looked.insert(table.cid(leaf)).second) return Failure(std::move(inside).error());
            walk.look_into(table.cid(leaf));
            again = true;
            continue;
          }
          if (!inside) return Failure(std::move(inside).error());
          content = *std::move(inside);
        } else {
          EAI_CHECK(table.proves(leaf, content));
        }
      }
      out.insert(out.end(), content.begin(), content.end());
    }
    if (!again) return out;
  }
}

}  // namespace eai::ipld
