#include "cli/resolve.h"

#include <algorithm>

#include "util/text.h"

namespace eai::cli {
namespace {

// Names are short; a text this long can only be meant as a hash.
constexpr std::size_t k_longest_name = 40;

Failure unknown_name(const Library& library, const std::string& word) {
  std::vector<std::string> names = library.catalog.names();
  for (const store::Model& model : library.contents.models) names.push_back(model.metadata.folder_name);
  std::string message = "no model is called \"" + printable(word) + "\"";
  auto near = near_names(word, names);
  near.erase(std::unique(near.begin(), near.end()), near.end());
  if (!near.empty()) {
    message += "; did you mean ";
    for (std::size_t i = 0; i < near.size(); ++i) {
      message += (i == 0 ? "" : i + 1 == near.size() ? " or " : ", ") + printable(near[i]);
    }
    message += "?";
  } else {
    message += ".";
  }
  return fail(Code::not_found, message + " `eai model list --all` lists the names; any hash (CID) works too");
}

Result<Asked> resolve_hash(const Library& library, const std::string& word) {
  auto id = ipld::Cid::parse(word);
  if (!id) return Failure(std::move(id).error());
  return Asked{*id, library.label_of(*id)};
}

}  // namespace

Result<Library> Library::open(const Context& context) {
  EAI_TRY(Catalog catalog,
          Catalog::load(context.folders.configuration / "catalog.toml", context.folders.shared / "blocks"));
  EAI_TRY(store::Store store, store::Store::open(context.folders.home));
  EAI_TRY(store::Contents contents, store.list());
  return Library{std::move(catalog), std::move(store), std::move(contents)};
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
  return shortened(id.str(), 20);
}

bool names_file(std::string_view word) { return word.find('/') != std::string_view::npos || word.ends_with(".gguf"); }

Result<Asked> resolve(const Library& library, const std::string& word) {
  if (const CatalogEntry* entry = library.catalog.by_name(word)) return Asked{entry->id, entry->name};
  const store::Model* found = nullptr;
  for (const store::Model& model : library.contents.models) {
    if (model.metadata.folder_name != word) continue;
    if (found != nullptr) {
      return fail(Code::invalid, "two models here are called \"" + printable(word) +
                                     "\"; say which by its hash: " + found->id.str() + " or " + model.id.str());
    }
    found = &model;
  }
  if (found != nullptr) return Asked{found->id, word};
  if (word.size() > k_longest_name || ipld::Cid::parse(word)) return resolve_hash(library, word);
  return unknown_name(library, word);
}

Result<std::vector<Asked>> resolve_all(const Library& library, const Words& words) {
  std::vector<Asked> out;
  auto add = [&](Asked asked) {
    if (std::none_of(out.begin(), out.end(), [&](const Asked& one) { return one.id == asked.id; })) {
      out.push_back(std::move(asked));
    }
  };
  for (const std::string& word : words.models) {
    if (word.empty()) continue;
    EAI_TRY(Asked asked, resolve(library, word));
    add(std::move(asked));
  }
  for (const std::string& word : words.hashes) {
    if (word.empty()) continue;
    EAI_TRY(Asked asked, resolve_hash(library, word));
    add(std::move(asked));
  }
  return out;
}

}  // namespace eai::cli
