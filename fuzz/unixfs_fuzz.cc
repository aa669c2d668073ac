// dag-pb and UnixFS from anyone: nothing crashes, and what decodes can be encoded and then decodes to the same.
#include <cstdlib>

#include "ipld/unixfs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eai::ipld;
  const eai::ByteView block(data, size);
  auto node = decode_dag_pb(block);
  if (!node) return 0;
  const eai::Bytes encoded = encode_dag_pb(*node);
  auto again = decode_dag_pb(encoded);
  if (!again || encode_dag_pb(*again) != encoded) std::abort();
  if (node->data) {
    if (auto unixfs = decode_unixfs(*node->data); unixfs && !decode_unixfs(encode_unixfs(*unixfs))) std::abort();
  }
  static const Cid any = Cid::v1(Codec::dag_pb, Cid::raw_of({}).hash());
  if (auto file = decode_file_node(any, block); file && file->links.size() != file->blocksizes.size()) std::abort();
  return 0;
}
