#include "ipld/directory.h"

#include <algorithm>
#include <bit>
#include <string>

#include "ipld/murmur3.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

constexpr std::uint64_t k_murmur3_x64_64 = 0x22;
constexpr std::uint64_t k_least_fanout = 8, k_most_fanout = 1024;
constexpr int k_hash_bits = 64;

Failure not_a_folder(const std::string& why) { return fail(Code::invalid, "not a UnixFS folder: " + why); }

int bits_of(std::uint64_t fanout) { return std::countr_zero(fanout); }
std::size_t prefix_size(std::uint64_t fanout) { return static_cast<std::size_t>(bits_of(fanout) + 3) / 4; }

bool has_bit(const Bytes& bitfield, std::uint64_t bucket) {
  return (bitfield[bitfield.size() - 1 - bucket / 8] >> (bucket % 8) & 1U) != 0;
}

std::string prefix_of(std::uint64_t bucket, std::uint64_t fanout) {
  std::string out(prefix_size(fanout), '0');
  for (std::size_t i = out.size(); i-- > 0; bucket >>= 4) out[i] = "0123456789ABCDEF"[bucket & 15U];
  return out;
}

std::uint64_t bucket_of(std::string_view name, std::uint64_t fanout, int level) {
  const int bits = bits_of(fanout);
  return murmur3_x64_64(view_of(name)) << (level * bits) >> (k_hash_bits - bits);
}

Failure bad_name(std::string_view name) {
  return not_a_folder("\"" + printable(name, 80) + "\" is a name that no file can have");
}

Result<DirectoryNode> read_plain(PbNode node) {
  std::vector<std::string_view> names;
  names.reserve(node.links.size());
  for (const PbLink& link : node.links) {
    if (!is_entry_name(link.name)) return bad_name(link.name);
    names.push_back(link.name);
  }
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    return not_a_folder("it has two entries with the name \"" + printable(*twice, 80) + "\"");
  }
  return DirectoryNode{std::move(node.links), std::nullopt, 0, {}};
}

// Checks all but the links, and brings the bitfield to its full length: some writers leave its leading zeros out.
Result<DirectoryNode> read_shard_data(const UnixfsData& data, int level) {
  if (data.hash_type != k_murmur3_x64_64) return not_a_folder("its hash function is not murmur3-x64-64");
  const std::uint64_t fanout = data.fanout.value_or(0);
  if (!std::has_single_bit(fanout) || fanout < k_least_fanout || fanout > k_most_fanout) {
    return not_a_folder("its fanout is " + std::to_string(fanout) + ", which is not a power of two from 8 to 1024");
  }
  if (level < 0 || (level + 1) * bits_of(fanout) > k_hash_bits)
    return not_a_folder("it has more levels than a hash has bits");
  DirectoryNode out{{}, fanout, level, Bytes(fanout / 8)};
  if (data.data) {
    if (data.data->size() > out.bitfield.size()) return not_a_folder("its bitfield is longer than its fanout");
    std::copy_backward(data.data->begin(), data.data->end(), out.bitfield.end());
  }
  return out;
}

Result<DirectoryNode> read_shard(PbNode node, const UnixfsData& data, int level) {
  EAI_TRY(DirectoryNode out, read_shard_data(data, level));
  const std::uint64_t fanout = *out.fanout;
  std::size_t at = 0;
  for (std::uint64_t bucket = 0; bucket < fanout; ++bucket) {
    if (!has_bit(out.bitfield, bucket)) continue;
    if (at == node.links.size()) return not_a_folder("its bitfield has more bits than it has links");
    std::string& name = node.links[at++].name;
    if (!name.starts_with(prefix_of(bucket, fanout))) return not_a_folder("a link's prefix is not that of its bucket");
    name.erase(0, prefix_size(fanout));
    if (name.empty()) continue;
    if (!is_entry_name(name)) return bad_name(name);
    if (bucket_of(name, fanout, level) != bucket) {
      return not_a_folder("\"" + printable(name, 80) + "\" lies in a bucket that is not that of its hash");
    }
  }
  if (at != node.links.size()) return not_a_folder("its bitfield has fewer bits than it has links");
  out.links = std::move(node.links);
  return out;
}

}  // namespace

bool is_entry_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos && name.find('\0') == name.npos;
}

Result<DirectoryNode> read_directory(PbNode node, const UnixfsData& data, int level,
                                     std::optional<std::uint64_t> fanout) {
  if (data.type == UnixfsType::directory) {
    if (level > 0) return not_a_folder("a shard is a folder of its own");
    return read_plain(std::move(node));
  }
  if (data.type != UnixfsType::hamt_shard) return fail(Code::unsupported, "the node is not a folder");
  if (fanout && data.fanout != fanout) return not_a_folder("its shards differ in their fanout");
  return read_shard(std::move(node), data, level);
}

Result<DirectoryNode> decode_directory(ByteView block, int level, std::optional<std::uint64_t> fanout) {
  EAI_TRY(PbNode node, decode_dag_pb(block));
  if (!node.data) return not_a_folder("it has no data");
  EAI_TRY(const UnixfsData data, decode_unixfs(*node.data));
  return read_directory(std::move(node), data, level, fanout);
}

const PbLink* find_entry(const DirectoryNode& node, std::string_view name) {
  if (!node.fanout) {
    const auto found = std::ranges::find(node.links, name, &PbLink::name);
    return found == node.links.end() ? nullptr : &*found;
  }
  const std::uint64_t bucket = bucket_of(name, *node.fanout, node.level);
  if (!has_bit(node.bitfield, bucket)) return nullptr;
  std::size_t before = 0;
  for (std::uint64_t i = 0; i < bucket; ++i) before += has_bit(node.bitfield, i) ? 1 : 0;
  const PbLink& link = node.links[before];
  return link.name.empty() || link.name == name ? &link : nullptr;
}

}  // namespace eai::ipld
