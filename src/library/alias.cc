#include "library/alias.h"

#include <algorithm>

#include "ipld/pasted.h"
#include "util/edited_file.h"
#include "util/shown_text.h"
#include "util/text.h"
#include "util/toml_edit.h"

namespace eai::library {
namespace {

constexpr std::size_t k_longest_alias = 60;

Result<void> write(const Library& library, const std::string& text) {
  return write_edited(catalog_of(library.folders), text, [&](const fs::path& copy) -> Result<void> {
    EAI_CHECK(Catalog::load(copy, shipped_blocks_of(library.folders)));
    return {};
  });
}

Result<void> check_name(const std::string& name) {
  for (const auto check : {model::check_plain_name, check_visible_name})
    if (const auto good = check(name); !good)
      return fail(Code::invalid, "the name \"" + printable(name) + "\" " + good.error().message);
  if (name.size() > k_longest_alias) return fail(Code::invalid, "a name has at most 60 bytes");
  if (name.starts_with('-') || name.find_first_of(", \t") != std::string::npos || names_file(name) ||
      ipld::is_link(name) || ipld::Cid::parse(name))
    return fail(Code::invalid, "\"" + printable(name) +
                                   "\" could be taken for a hash, a file, an option or a list; choose another name");
  return {};
}

}  // namespace

Result<void> set_alias(const Library& library, const std::string& name, const Asked& asked) {
  EAI_CHECK(check_name(name));
  const Alias* old = library.catalog.alias(name);
  const bool is_folder = std::ranges::any_of(library.contents.models, [&](const store::Model& model) {
    return lower(model.metadata.folder_name) == lower(name);
  });
  if (old == nullptr && (is_folder || library.catalog.by_name(name) != nullptr))
    return fail(Code::invalid, "a model is called " + printable(name) + " already");
  const fs::path file = catalog_of(library.folders);
  EAI_TRY(const std::string before, read_edited(file));
  auto after = with_toml_value(before, {"aliases", old != nullptr ? old->name : name}, toml_literal(asked.id.str()));
  if (!after) return Failure(std::move(after).error().with(file.string()));
  return write(library, *after);
}

Result<void> remove_alias(const Library& library, const std::string& name) {
  const Alias* alias = library.catalog.alias(name);
  if (alias == nullptr) return fail(Code::not_found, printable(name) + " is not an alias");
  const fs::path file = catalog_of(library.folders);
  EAI_TRY(const std::string before, read_edited(file));
  auto after = without_toml_value(before, {"aliases", alias->name});
  if (!after) return Failure(std::move(after).error().with(file.string()));
  return write(library, *after);
}

}  // namespace eai::library
