#include "store/metadata_block.h"

#include "ipld/unixfs.h"

namespace eai::store {

Result<MetadataBlock> MetadataBlock::read(const Model& model) {
  fs::path file = model.folder / k_metadata_file;
  EAI_TRY(Bytes bytes, read_file(file, model::k_metadata_limit));
  EAI_CHECK(ipld::verify_content(model.id, bytes));
  return MetadataBlock(model.id, std::move(file), std::move(bytes));
}

bool MetadataBlock::is_here() const {
  std::error_code none;
  return fs::exists(file_, none);
}

Result<PlacedBytes> MetadataBlock::block() const {
  if (id_.codec() != ipld::Codec::dag_pb) return from(0);
  if (!is_here()) return fail(Code::not_found, "the model is no longer here");
  EAI_TRY(Bytes block, ipld::leaf_block(id_.hash(), bytes_));
  return PlacedBytes{nullptr, {}, std::move(block)};
}

Result<PlacedBytes> MetadataBlock::from(std::uint64_t offset) const {
  if (!is_here()) return fail(Code::not_found, "the model is no longer here");
  return PlacedBytes{nullptr, {}, Bytes(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), bytes_.end())};
}

}  // namespace eai::store
