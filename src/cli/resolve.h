// Why: what people type, a name or a hash, becomes a CID.
// Thread: one.
#pragma once

#include <string>
#include <vector>

#include "cli/catalog.h"
#include "cli/commands.h"
#include "store/store.h"

namespace eai::cli {

struct Asked {
  ipld::Cid id;
  std::string label;  // what to call it: its name in the catalog, its folder's name, or the hash, shortened
};

// Catalog and store, opened once per command.
struct Library {
  Catalog catalog;
  store::Store store;
  store::Contents contents;

  static Result<Library> open(const Context& context);
  std::string label_of(const ipld::Cid& id) const;
  const store::Model* stored(const ipld::Cid& id) const;
};

// Whether a word means a file, not a model: it has a slash, or ends with .gguf.
bool names_file(std::string_view word);

// A name of the catalog, the folder name of a stored model, or a CID. Code::not_found: an unknown name, with near ones
// and how to list; Code::invalid: it looks like a CID and is none, with the wrong character.
Result<Asked> resolve(const Library& library, const std::string& word);

// All models of the words, in the order typed, --hash after names; each once.
Result<std::vector<Asked>> resolve_all(const Library& library, const Words& words);

}  // namespace eai::cli
