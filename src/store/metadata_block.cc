#include "store/metadata_block.h"

#include "ipld/unixfs.h"

namespace eai::store {

Result<MetadataBlock> MetadataBlock::read(const Model& model) {
  EAI_TRY(Bytes bytes, read_file(model.folder / k_metadata_file, model::k_metadata_limit));
  EAI_CHECK(ipld::verify_content(model.id, bytes));
  return MetadataBlock(model.id, std::move(bytes));
}

Result<PlacedBytes> MetadataBlock::block() const {
  if (id_.codec() != ipld::Codec::dag_pb) return from(0);
  EAI_TRY(Bytes block, ipld::leaf_block(id_.hash(), bytes_));
  return PlacedBytes{nullptr, {}, std::move(block)};
}

PlacedBytes MetadataBlock::from(std::uint64_t offset) const {
  return {nullptr, {}, Bytes(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), bytes_.end())};
}

}  // namespace eai::store
