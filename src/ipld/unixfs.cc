#include "ipld/unixfs.h"

#include "ipld/protobuf.h"

namespace eai::ipld {
namespace {

constexpr std::uint64_t k_type = 1, k_data = 2, k_filesize = 3, k_blocksize = 4, k_hash_type = 5, k_fanout = 6,
                        k_mode = 7, k_mtime = 8;

Failure not_unixfs(const std::string& why) { return fail(Code::invalid, "not a UnixFS node: " + why); }

template <typename T>
Result<void> set_once(std::optional<T>& field, T value, const char* name) {
  if (field) return not_unixfs(std::string(name) + " twice");
  field = std::move(value);
  return {};
}

Result<void> take_data_field(const PbField& field, std::optional<std::uint64_t>& type, UnixfsData& out) {
  const bool is_bytes = field.number == k_data || field.number == k_mtime;
  if (field.wire != (is_bytes ? Wire::bytes : Wire::varint)) {
    return not_unixfs("wrong wire type of field " + std::to_string(field.number));
  }
  switch (field.number) {
    case k_type:
      return set_once(type, field.value, "type");
    case k_data:
      return set_once(out.data, Bytes(field.bytes.begin(), field.bytes.end()), "data");
    case k_filesize:
      return set_once(out.filesize, field.value, "filesize");
    case k_blocksize:
      out.blocksizes.push_back(field.value);
      return {};
    case k_hash_type:
      return set_once(out.hash_type, field.value, "hashType");
    case k_fanout:
      return set_once(out.fanout, field.value, "fanout");
    case k_mode:
    case k_mtime:
      return {};
    default:
      return not_unixfs("unknown field " + std::to_string(field.number));
  }
}

}  // namespace

Bytes encode_unixfs(const UnixfsData& data) {
  Bytes out;
  append_varint_field(out, k_type, static_cast<std::uint64_t>(data.type));
  if (data.data) append_bytes_field(out, k_data, *data.data);
  if (data.filesize) append_varint_field(out, k_filesize, *data.filesize);
  for (std::uint64_t size : data.blocksizes) append_varint_field(out, k_blocksize, size);
  if (data.hash_type) append_varint_field(out, k_hash_type, *data.hash_type);
  if (data.fanout) append_varint_field(out, k_fanout, *data.fanout);
  return out;
}

Result<UnixfsData> decode_unixfs(ByteView bytes) {
  UnixfsData out;
  std::optional<std::uint64_t> type;
  while (!bytes.empty()) {
    auto field = take_field(bytes);
    if (!field) return Failure(std::move(field).error().with("not a UnixFS node"));
    EAI_CHECK(take_data_field(*field, type, out));
  }
  if (!type) return not_unixfs("it has no type");
  if (*type > static_cast<std::uint64_t>(UnixfsType::hamt_shard)) {
    return not_unixfs("unknown type " + std::to_string(*type));
  }
  out.type = static_cast<UnixfsType>(*type);
  return out;
}

Result<FileNode> decode_file_node(const Cid& cid, ByteView block) {
  FileNode node;
  if (cid.codec() == Codec::raw) {
    node.inline_data.assign(block.begin(), block.end());
    node.size = block.size();
    return node;
  }
  if (cid.codec() != Codec::dag_pb) {
    return fail(Code::unsupported, "block " + cid.str() + " is neither dag-pb nor raw, so it is not part of a file");
  }
  EAI_TRY(PbNode pb, decode_dag_pb(block));
  if (!pb.data) return not_unixfs("it has no data");
  EAI_TRY(UnixfsData data, decode_unixfs(*pb.data));
  if (data.type != UnixfsType::file && data.type != UnixfsType::raw) {
    return fail(Code::unsupported, "block " + cid.str() + " is a folder or a link, not a file");
  }
  if (data.blocksizes.size() != pb.links.size()) return not_unixfs("the number of sizes is not that of links");
  if (data.data) node.inline_data = std::move(*data.data);
  node.size = node.inline_data.size();
  for (std::size_t i = 0; i < pb.links.size(); ++i) {
    if (!pb.links[i].name.empty()) return not_unixfs("a part of a file has a name");
    if (__builtin_add_overflow(node.size, data.blocksizes[i], &node.size)) return not_unixfs("its sizes overflow");
  }
  if (data.filesize && *data.filesize != node.size) return not_unixfs("its sizes do not add up to that of the file");
  node.links = std::move(pb.links);
  node.blocksizes = std::move(data.blocksizes);
  return node;
}

}  // namespace eai::ipld
