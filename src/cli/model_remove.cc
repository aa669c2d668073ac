// `eai model remove`
#include <boost/json.hpp>

#include "cli/commands.h"
#include "library/alias.h"
#include "library/remove.h"
#include "util/text.h"

namespace eai::cli {
namespace {

// An alias is no more than a name: it goes, and the model stays.
Result<void> forget(Context& context, const library::Library& library, const std::string& name) {
  const library::Alias& alias = *library.catalog.alias(name);
  const std::string label = library.label_of(alias.id);
  EAI_CHECK(library::remove_alias(library, name));
  context.out.event(
      boost::json::object{{"event", "forgotten"}, {"alias", alias.name}, {"hash", alias.id.str()}, {"name", label}});
  context.out.line("forgot the name " + alias.name + " of " + label + ", which stays");
  return {};
}

}  // namespace

Result<int> model_remove(Context& context) {
  EAI_TRY(library::Library library, library::Library::open(context.folders));
  std::vector<std::string> names, aliases;
  for (const std::string& word : context.words.models)
    (library.catalog.alias(word) != nullptr ? aliases : names).push_back(word);
  EAI_TRY(const auto asked, library::resolve_all(library, names, context.words.hashes));
  if (asked.empty() && aliases.empty())
    return fail(Code::invalid, "say which model to remove; `eai model list` shows what is here");
  // All are looked at before the first is removed.
  if (!context.config.remove.force) {
    for (const library::Asked& one : asked) EAI_CHECK(library::check_not_served(library, one));
  }
  for (const std::string& alias : aliases) EAI_CHECK(forget(context, library, alias));
  for (const library::Asked& one : asked) {
    EAI_TRY(const std::uint64_t size, library::remove(library, one));
    context.out.event(
        boost::json::object{{"event", "removed"}, {"hash", one.id.str()}, {"name", one.label}, {"bytes", size}});
    context.out.line("removed " + one.label + " (" + human_bytes(size) + ")");
  }
  return 0;
}

}  // namespace eai::cli
