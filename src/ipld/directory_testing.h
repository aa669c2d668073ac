// Why: sharded folders of every fanout for unit tests and the fuzz target; the program itself writes none.
// Thread: any; these are pure functions, except that `blocks` belongs to the caller.
#pragma once

#include <bit>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ipld/dag_cbor.h"
#include "ipld/directory.h"
#include "ipld/murmur3.h"
#include "ipld/tree_testing.h"

namespace eai::ipld {

inline Cid put_block(Codec codec, Bytes block, Blocks& blocks) {
  Cid cid = Cid::v1(codec, Cid::raw_of(block).hash());
  blocks.put(cid, std::move(block));
  return cid;
}
inline Cid put_raw(std::string_view content, Blocks& blocks) {
  return put_block(Codec::raw, Bytes(content.begin(), content.end()), blocks);
}

// One shard over links whose names have their prefixes already; `buckets` are those of the bitfield.
inline PbNode shard_node(std::vector<PbLink> links, const std::vector<std::uint64_t>& buckets, std::uint64_t fanout) {
  UnixfsData data;
  data.type = UnixfsType::hamt_shard;
  data.hash_type = 0x22;
  data.fanout = fanout;
  data.data = Bytes(fanout / 8);
  for (const std::uint64_t bucket : buckets) {
    (*data.data)[data.data->size() - 1 - bucket / 8] |= static_cast<std::uint8_t>(1U << (bucket % 8));
  }
  return PbNode{std::move(links), encode_unixfs(data)};
}

inline std::string shard_prefix(std::uint64_t bucket, std::uint64_t fanout) {
  std::string digits;
  for (std::uint64_t left = fanout - 1; left > 0; left /= 16, bucket /= 16) {
    digits.insert(digits.begin(), "0123456789ABCDEF"[bucket % 16]);
  }
  return digits;
}

// The root of a folder of shards that holds these entries.
inline Cid put_shards(const std::map<std::string, Cid>& entries, std::uint64_t fanout, Blocks& blocks, int level = 0) {
  const int bits = std::countr_zero(fanout);
  std::map<std::uint64_t, std::map<std::string, Cid>> buckets;
  for (const auto& [name, cid] : entries) {
    const std::uint64_t hash = murmur3_x64_64(view_of(name));
    buckets[hash << (level * bits) >> (64 - bits)].emplace(name, cid);
  }
  std::vector<PbLink> links;
  std::vector<std::uint64_t> used;
  for (const auto& [bucket, inside] : buckets) {
    used.push_back(bucket);
    const std::string prefix = shard_prefix(bucket, fanout);
    if (inside.size() == 1) {
      links.push_back({inside.begin()->second, prefix + inside.begin()->first, 0});
    } else {
      links.push_back({put_shards(inside, fanout, blocks, level + 1), prefix, 0});
    }
  }
  return put_block(Codec::dag_pb, encode_dag_pb(shard_node(std::move(links), used, fanout)), blocks);
}

}  // namespace eai::ipld
