// DAG-CBOR from anyone: nothing crashes, what is taken has only this one form, and every link can be reached by a path.
#include <cstdlib>
#include <vector>

#include "ipld/dag_cbor.h"

namespace {

using namespace eai::ipld;

void write(eai::Bytes& out, const CborItem& item) {
  switch (item.kind) {
    case CborKind::bytes:
      return append_cbor_bytes(out, item.bytes);
    case CborKind::text:
      return append_cbor_text(out, eai::text_of(item.bytes));
    case CborKind::link:
      return append_cbor_link(out, cid_of(item).value());
    case CborKind::boolean:
      return out.push_back(item.number != 0 ? 0xf5 : 0xf4);
    case CborKind::null:
      return out.push_back(0xf6);
    case CborKind::real:
      out.push_back(0xfb);
      for (int i = 7; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(item.number >> (8 * i)));
      return;
    default:
      return append_cbor_head(out, item.kind, item.number);
  }
}

// All links below the place of `path`, by asking for each path.
void collect(eai::ByteView block, std::vector<std::string>& path, std::vector<Cid>& links) {
  const CborPlace place = follow_dag_cbor(block, path).value();
  if (place.used != path.size()) std::abort();
  if (place.link) return links.push_back(*place.link);
  DagCborReader reader(place.value);
  const CborItem item = reader.next().value();
  if (item.kind != CborKind::list && item.kind != CborKind::map) return;
  for (std::uint64_t i = 0; i < item.number; ++i) {
    path.push_back(std::to_string(i));
    if (item.kind == CborKind::map) path.back() = eai::text_of(reader.next().value().bytes);
    if (!reader.skip()) std::abort();
    collect(block, path, links);
    path.pop_back();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const eai::ByteView block(data, size);
  DagCborReader reader(block);
  eai::Bytes again;
  while (!reader.done()) {
    const auto item = reader.next();
    if (!item) break;
    write(again, *item);
  }
  const bool good = reader.done() && reader.finish().has_value();
  const auto links = dag_cbor_links(block);
  if (links.has_value() != good || follow_dag_cbor(block, {}).has_value() != good) std::abort();
  if (!good) return 0;
  if (again != eai::Bytes(block.begin(), block.end())) std::abort();
  if (size > 500) return 0;
  std::vector<std::string> path;
  std::vector<Cid> found;
  collect(block, path, found);
  if (found != *links) std::abort();
  return 0;
}
