// `eai model remove`
#include <boost/json.hpp>

#include "cli/commands.h"
#include "library/remove.h"
#include "util/text.h"

namespace eai::cli {
Result<int> model_remove(Context& context) {
  EAI_TRY(library::Library library, library::Library::open(context.folders));
  EAI_TRY(const auto asked, library::resolve_all(library, context.words.models, context.words.hashes));
  if (asked.empty()) return fail(Code::invalid, "say which model to remove; `eai model list` shows what is here");
  // All are looked at before the first is removed.
  if (!context.config.remove.force) {
    for (const library::Asked& one : asked) EAI_CHECK(library::check_not_served(library, one));
  }
  for (const library::Asked& one : asked) {
    EAI_TRY(const std::uint64_t size, library::remove(library, one));
    context.out.event(
        boost::json::object{{"event", "removed"}, {"hash", one.id.str()}, {"name", one.label}, {"bytes", size}});
    context.out.line("removed " + one.label + " (" + human_bytes(size) + ")");
  }
  return 0;
}

}  // namespace eai::cli
