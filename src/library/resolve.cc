#include "library/resolve.h"

#include <algorithm>

#include "ipld/pasted.h"
#include "util/text.h"

namespace eai::library {
namespace {

// Names are short; a text this long can only be meant as a hash.
constexpr std::size_t k_longest_name = 40;

bool is_here(const std::string& path) {
  std::error_code none;
  return names_file(path) && fs::exists(path, none);
}

Failure not_a_name(const std::string& path) {
  std::error_code none;
  return fail(Code::not_found, printable(path) + " is " + (fs::is_directory(path, none) ? "a folder" : "a file") +
                                   "; what runs here is a model with a hash, and a folder gets one by being preserved");
}

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
  }
  return fail(Code::not_found, message, Hint::list_names);
}

// The one model that has a name or a hash with this beginning.
std::optional<ipld::Cid> begun_with(const Library& library, const std::string& word, Typed much) {
  const std::string begin = lower(word);
  std::optional<ipld::Cid> found;
  bool several = false;
  const auto take = [&](const std::string& name, const ipld::Cid& id) {
    if (!lower(name).starts_with(begin)) return;
    several = several || (found && *found != id);
    found = id;
  };
  const auto take_stored = [&](const ipld::Cid& id, const std::string& folder_name) {
    if (!folder_name.empty()) take(folder_name, id);
    take(library.label_of(id), id);
    take(id.str(), id);
  };
  for (const store::Model& model : library.contents.models) take_stored(model.id, model.metadata.folder_name);
  for (const store::Damaged& entry : library.contents.damaged)
    if (entry.id) take_stored(*entry.id, entry.folder_name);
  for (const Alias& alias : library.catalog.aliases())
    if (much == Typed::begun || library.stored(alias.id) != nullptr) take(alias.name, alias.id);
  if (much == Typed::begun)
    for (const CatalogEntry& entry : library.catalog.entries()) take(entry.name, entry.id);
  return several || word.empty() ? std::nullopt : found;
}

Result<Asked> resolve_hash(const Library& library, const std::string& word) {
  auto id = ipld::parse_pasted(word);
  if (!id) return Failure(std::move(id).error());
  return Asked{*id, library.label_of(*id)};
}

}  // namespace

bool names_file(std::string_view word) {
  return (word.find('/') != std::string_view::npos || word.ends_with(".gguf")) && !ipld::is_link(word);
}

Result<Asked> resolve(const Library& library, const std::string& typed, Typed much) {
  const std::string word(ipld::without_wrapping(typed));
  if (const Alias* alias = library.catalog.alias(word)) return Asked{alias->id, library.label_of(alias->id)};
  if (const CatalogEntry* entry = library.catalog.by_name(word)) return Asked{entry->id, entry->name};
  std::vector<ipld::Cid> found;
  for (const store::Model& model : library.contents.models)
    if (model.metadata.folder_name == word) found.push_back(model.id);
  for (const store::Damaged& entry : library.contents.damaged)
    if (entry.id && entry.folder_name == word) found.push_back(*entry.id);
  if (found.size() > 1) {
    return fail(Code::invalid, "two models here are called \"" + printable(word) +
                                   "\"; say which by its hash: " + found[0].str() + " or " + found[1].str());
  }
  if (!found.empty()) return Asked{found.front(), word};
  if (is_here(word)) return not_a_name(word);
  if (ipld::is_link(word) || ipld::Cid::parse(word)) return resolve_hash(library, word);
  if (const auto id = much == Typed::whole ? std::nullopt : begun_with(library, word, much))
    return Asked{*id, library.label_of(*id)};
  if (word.size() > k_longest_name) return resolve_hash(library, word);
  return unknown_name(library, word);
}

Result<std::vector<Asked>> resolve_all(const Library& library, const std::vector<std::string>& names,
                                       const std::vector<std::string>& hashes, Typed much) {
  std::vector<Asked> out;
  auto add = [&](Asked asked) {
    if (std::none_of(out.begin(), out.end(), [&](const Asked& one) { return one.id == asked.id; })) {
      out.push_back(std::move(asked));
    }
  };
  for (const std::string& word : names) {
    if (word.empty()) continue;
    EAI_TRY(Asked asked, resolve(library, word, much));
    add(std::move(asked));
  }
  for (const std::string& word : hashes) {
    if (word.empty()) continue;
    EAI_TRY(Asked asked, resolve_hash(library, word));
    add(std::move(asked));
  }
  return out;
}

std::vector<Asked> everything(const Library& library) {
  std::vector<Asked> out;
  for (const store::Model& model : library.contents.models) out.push_back({model.id, library.label_of(model.id)});
  for (const store::Damaged& entry : library.contents.damaged) {
    if (entry.id) out.push_back({*entry.id, library.label_of(*entry.id)});
  }
  return out;
}

}  // namespace eai::library
