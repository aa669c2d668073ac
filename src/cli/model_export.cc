// `eai model export`
#include <boost/json.hpp>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/interrupt.h"
#include "library/export.h"
#include "library/resolve.h"
#include "util/text.h"

namespace eai::cli {

Result<int> model_export(Context& context) {
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  EAI_TRY(const auto asked,
          library::resolve_all(library, context.words.models, context.words.hashes, library::Typed::here));
  const std::string& to = context.config.export_to.output;
  if (asked.size() != 1) return fail(Code::invalid, "say which model to export, one at a time");
  if (to.empty())
    return fail(Code::invalid, "say where to: -o <file.car>, -o <folder>/, or -o - for the standard output");
  const library::Asked& one = asked.front();
  const store::Model* model = library.stored(one.id);
  if (model == nullptr) return Failure(library::not_here(one).value());
  Interrupt interrupt;
  const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
    return library::export_model(library, *model, to == "-" ? "" : to, STDOUT_FILENO, feed, stop);
  };
  const auto done = run_job<library::Exported>(work, model_look(), context.out, interrupt.token());
  if (interrupt.requested()) return k_interrupted;
  if (!done) return Failure(done.error());
  if (to == "-") return 0;  // there is the CAR
  context.out.event(boost::json::object{{"event", "exported"},
                                        {"hash", one.id.str()},
                                        {"name", one.label},
                                        {"blocks", done->blocks},
                                        {"bytes", done->bytes},
                                        {"to", printable(to)}});
  context.out.line("exported " + one.label + " to " + printable(to) + ": " + human_bytes(done->bytes) + " in " +
                   std::to_string(done->blocks) + " blocks");
  return 0;
}

}  // namespace eai::cli
