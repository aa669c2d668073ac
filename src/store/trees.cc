#include "store/trees.h"

#include <algorithm>

#include "util/own_folder.h"

namespace eai::store {
namespace {

// The file's SHA-256 fits, so what is missing was no inner block when it was written.
Result<ipld::LeafTable> walk(const model::PartEntry& file, const std::vector<ipld::Block>& inner) {
  EAI_TRY(auto walk, ipld::TreeWalk::begin(file.cid, file.size));
  // A parent comes before its children.
  for (const ipld::Block& block : inner) EAI_CHECK(walk.give(block.cid, block.bytes));
  while (const auto leaf = walk.next()) EAI_CHECK(walk.take_for_leaf(*leaf));
  return walk.leaves();
}

Failure damaged(const Model& model, const std::string& name, const Error& why) {
  return fail(Code::corrupt, name + " of " + model.id.str() + " changed on this disk: " + why.message);
}

Result<std::vector<ipld::Block>> read_car(const fs::path& folder, const StoredFile& file) {
  EAI_TRY(const UniqueFd fd, open_believable(folder / file.name));
  EAI_TRY(const Bytes car, read_all(fd.get(), folder / file.name, file.size));
  if (!ipld::matches(file.sha256, ipld::sha256(car))) return fail(Code::corrupt, "the SHA-256 does not match");
  std::vector<ipld::Block> blocks;
  ipld::CarReader reader([&](const ipld::Cid& cid, ByteView block) -> Result<void> {
    blocks.push_back({cid, Bytes(block.begin(), block.end())});
    return {};
  });
  EAI_CHECK(reader.feed(car));
  EAI_CHECK(reader.finish());
  return blocks;
}

}  // namespace

Result<std::vector<ipld::Block>> read_tree_blocks(const Model& model, std::size_t file) {
  if (!model.trees || file >= model.metadata.files.size()) {
    return fail(Code::not_found, "no trees are kept with the model " + model.id.str());
  }
  const std::string name = tree_name(file);
  const auto found =
      std::find_if(model.trees->begin(), model.trees->end(), [&](const auto& t) { return t.name == name; });
  if (found == model.trees->end()) return std::vector<ipld::Block>();
  auto blocks = read_car(model.folder, *found);
  if (!blocks) return damaged(model, name, blocks.error());
  return blocks;
}

Result<ipld::LeafTable> read_tree(const Model& model, std::size_t file) {
  const model::Metadata& metadata = model.metadata;
  if (metadata.format == model::Format::unixfs && file < metadata.files.size() &&
      metadata.files[file].cid.codec() == ipld::Codec::raw) {
    return ipld::LeafTable::of_block(metadata.files[file].cid, metadata.files[file].size);
  }
  EAI_TRY(const auto blocks, read_tree_blocks(model, file));
  auto leaves = walk(metadata.files[file], blocks);
  if (!leaves) return damaged(model, tree_name(file), leaves.error());
  return leaves;
}

}  // namespace eai::store
