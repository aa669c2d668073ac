#include "library/library.h"

#include <utility>

#include "util/text.h"

namespace eai::library {

fs::path catalog_of(const Folders& folders) { return folders.configuration / "catalog.toml"; }
fs::path shipped_blocks_of(const Folders& folders) { return folders.shared / "blocks"; }

Result<Library> Library::open(const Folders& folders) {
  EAI_TRY(Catalog catalog, Catalog::load(catalog_of(folders), shipped_blocks_of(folders)));
  EAI_TRY(store::Store store, store::Store::open(folders.home));
  EAI_TRY(store::Contents contents, store.list());
  return Library{folders, std::move(catalog), std::move(store), std::move(contents)};
}

const store::Model* Library::stored(const ipld::Cid& id) const {
  for (const store::Model& model : contents.models) {
    if (model.id == id) return &model;
  }
  return nullptr;
}

std::string Library::label_of(const ipld::Cid& id) const {
  if (const CatalogEntry* entry = catalog.by_id(id)) return entry->name;
  if (const store::Model* model = stored(id)) return printable(model->metadata.folder_name, 60);
  for (const store::Damaged& entry : contents.damaged)
    if (entry.id == id && !entry.folder_name.empty()) return printable(entry.folder_name, 60);
  return shortened(id.str(), 20);
}

void Library::add(const store::Model& model) {
  forget(model.id);
  contents.models.push_back(model);
}

void Library::forget(const ipld::Cid& id) {
  std::erase_if(contents.models, [&](const store::Model& one) { return one.id == id; });
  std::erase_if(contents.damaged, [&](const store::Damaged& one) { return one.id == id; });
  std::erase_if(contents.newer, [&](const store::Newer& one) { return one.id == id; });
  std::erase_if(contents.unfinished, [&](const store::Unfinished& one) { return one.id == id; });
}

}  // namespace eai::library
