// `eai cp`: further names for models.
#include <boost/json.hpp>

#include "cli/commands.h"
#include "library/alias.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view k_usage = "say which model and how to call it: eai cp <model> <name>";

int list(Context& context, const library::Library& library) {
  std::vector<std::vector<std::string>> rows;
  for (const library::Alias& alias : library.catalog.aliases()) {
    const std::string label = library.label_of(alias.id);
    context.out.event(json::object{{"alias", alias.name}, {"name", label}, {"hash", alias.id.str()}});
    rows.push_back({alias.name, label, alias.id.str()});
  }
  if (context.out.json()) return 0;
  if (rows.empty()) {
    context.out.note("There are no aliases. `eai cp <model> <name>` makes one.");
  } else {
    context.out.table({"ALIAS", "MODEL", "HASH"}, rows, 2);
  }
  return 0;
}

}  // namespace

Result<int> model_alias(Context& context) {
  const std::vector<std::string>& words = context.words.list;
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  if (words.empty()) return list(context, library);
  if (words.size() != 2) return fail(Code::invalid, std::string(k_usage));
  EAI_TRY(const library::Asked asked, library::resolve(library, words[0], library::Typed::begun));
  EAI_CHECK(library::set_alias(library, words[1], asked));
  context.out.event(
      json::object{{"event", "named"}, {"alias", words[1]}, {"name", asked.label}, {"hash", asked.id.str()}});
  context.out.line(words[1] + " is " + asked.label + " from now on; `eai rm " + words[1] + "` forgets the name");
  return 0;
}

}  // namespace eai::cli
