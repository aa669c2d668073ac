#include "ipld/dag_pb.h"

#include "ipld/protobuf.h"

namespace eai::ipld {
namespace {

constexpr std::uint64_t k_node_data = 1, k_node_link = 2;
constexpr std::uint64_t k_link_hash = 1, k_link_name = 2, k_link_tsize = 3;

Result<PbLink> decode_link(ByteView message) {
  std::optional<Cid> cid;
  std::string name;
  std::uint64_t tsize = 0;
  std::uint64_t last = 0;
  while (!message.empty()) {
    EAI_TRY(const PbField field, take_field(message));
    if (field.number <= last) return fail(Code::invalid, "a link's fields are repeated or out of order");
    last = field.number;
    const Wire expected = field.number == k_link_tsize ? Wire::varint : Wire::bytes;
    if (field.number > k_link_tsize || field.wire != expected) {
      return fail(Code::invalid, "a link has an unknown field " + std::to_string(field.number));
    }
    if (field.number == k_link_hash) {
      EAI_TRY(cid, Cid::from_bytes(field.bytes));
    } else if (field.number == k_link_name) {
      name = text_of(field.bytes);
    } else {
      tsize = field.value;
    }
  }
  if (!cid) return fail(Code::invalid, "a link has no hash");
  return PbLink{std::move(*cid), std::move(name), tsize};
}

Failure not_dag_pb(Error why) { return Failure(std::move(why).with("not a dag-pb block")); }

}  // namespace

Bytes encode_dag_pb(const PbNode& node) {
  Bytes out;
  for (const PbLink& link : node.links) {
    Bytes message;
    append_bytes_field(message, k_link_hash, link.cid.bytes());
    append_bytes_field(message, k_link_name, view_of(link.name));
    append_varint_field(message, k_link_tsize, link.tsize);
    append_bytes_field(out, k_node_link, message);
  }
  if (node.data) append_bytes_field(out, k_node_data, *node.data);
  return out;
}

Result<PbNode> decode_dag_pb(ByteView block) {
  if (block.size() > k_block_limit) return fail(Code::invalid, "a block is larger than 2 MiB");
  PbNode node;
  bool links_ended = false;
  while (!block.empty()) {
    auto field = take_field(block);
    if (!field) return not_dag_pb(std::move(field).error());
    if (field->wire != Wire::bytes) return fail(Code::invalid, "not a dag-pb block: wrong wire type");
    if (field->number == k_node_link) {
      // The data may come before the links or after them, but not between them.
      if (links_ended) return fail(Code::invalid, "not a dag-pb block: links in two places");
      auto link = decode_link(field->bytes);
      if (!link) return not_dag_pb(std::move(link).error());
      node.links.push_back(*std::move(link));
    } else if (field->number == k_node_data) {
      if (node.data) return fail(Code::invalid, "not a dag-pb block: data twice");
      node.data = Bytes(field->bytes.begin(), field->bytes.end());
      links_ended = !node.links.empty();
    } else {
      return fail(Code::invalid, "not a dag-pb block: unknown field " + std::to_string(field->number));
    }
  }
  return node;
}

}  // namespace eai::ipld
