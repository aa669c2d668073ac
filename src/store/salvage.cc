// What is left of a model that is damaged.
#include "ipld/car.h"
#include "store/manifest.h"
#include "store/store.h"
#include "store/trees.h"
#include "util/own_folder.h"

namespace eai::store {
namespace {

Bytes read_believable(const fs::path& file, std::uint64_t limit) {
  const auto open = open_believable(file);
  if (!open) return {};
  return read_all(open->get(), file, limit).value_or(Bytes());
}

// The blocks of a tree up to where its CAR is damaged.
void read_blocks(ByteView car, std::vector<ipld::Block>& into) {
  ipld::CarReader reader([&](const ipld::Cid& cid, ByteView block) -> Result<void> {
    into.push_back({cid, Bytes(block.begin(), block.end())});
    return {};
  });
  (void)reader.feed(car);
}

}  // namespace

Remains Store::remains(const ipld::Cid& id) const {
  Remains out;
  out.folder = paths_.model(id);
  out.metadata = read_believable(out.folder / k_metadata_file, model::k_metadata_limit);
  if (!ipld::verify_content(id, out.metadata)) out.metadata.clear();
  if (const auto manifest = parse_manifest(read_believable(out.folder / k_manifest_file, k_manifest_limit))) {
    out.changed = manifest->damaged;
  }
  const auto metadata = model::parse_metadata(out.metadata);
  if (!metadata || metadata->format != model::Format::unixfs) return out;
  for (std::size_t file = 0; file < metadata->files.size(); ++file) {
    read_blocks(read_believable(out.folder / tree_name(file), model::k_tree_car_limit), out.tree_blocks);
  }
  return out;
}

}  // namespace eai::store
