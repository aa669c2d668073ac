// Why: the names that eai knows and the models on this disk, read once for everything that one command or request does.
// Thread: one at a time.
// What holds: it is what was there when it was opened, and what went through it since then. What other processes change
// in the store afterwards is seen by the store's own calls, and by the next open().
#pragma once

#include <string>

#include "library/catalog.h"
#include "store/store.h"
#include "util/folders.h"

namespace eai::library {

fs::path catalog_of(const Folders& folders);         // catalog.toml
fs::path shipped_blocks_of(const Folders& folders);  // the folder of blocks that came with the program

struct Library {
  Folders folders;
  Catalog catalog;
  store::Store store;
  store::Contents contents;

  static Result<Library> open(const Folders& folders);
  // Its name in the catalog, else its folder's name, else the hash, shortened.
  std::string label_of(const ipld::Cid& id) const;
  // Null: it is not here, or damaged.
  const store::Model* stored(const ipld::Cid& id) const;
  // The model has come into the store, or was there already.
  void add(const store::Model& model);
  // Nothing of it is in the store any more.
  void forget(const ipld::Cid& id);
};

}  // namespace eai::library
