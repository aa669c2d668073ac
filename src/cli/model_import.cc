// `eai model import`
#include <boost/json.hpp>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/interrupt.h"
#include "library/bring.h"
#include "library/import.h"
#include "util/text.h"

namespace eai::cli {

Result<int> model_import(Context& context) {
  if (context.words.folder.empty())
    return fail(Code::invalid, "say what to import: a CAR file, a folder of blocks, or -");
  EAI_TRY(library::Library library, library::Library::open(context.folders));
  Interrupt interrupt;
  std::optional<library::Spool> spool;
  fs::path from = context.words.folder;
  const std::string label = from == "-" ? "the standard input" : printable(from.string(), 200);
  if (from == "-") {
    EAI_CHECK(make_folders(context.folders.home, 0700));
    EAI_TRY(spool, library::Spool::read(STDIN_FILENO, context.folders.home, interrupt.token()));
    from = spool->path();
  }
  EAI_TRY(const auto found, library::models_in(from, label));
  library::FetchSettings only;  // it has all that is needed, and nobody else is asked
  only.offline = true;
  only.public_gateways = false;
  only.sources = {from.string()};
  for (const ipld::Cid& id : found) {
    const library::Asked asked{id, library.label_of(id)};
    const bool was_here = library.stored(id) != nullptr;
    const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
      return library::bring(library, asked, only, feed, stop);
    };
    const auto model = run_job<store::Model>(work, download_look(), context.out, interrupt.token());
    if (interrupt.requested()) {
      context.out.note("Stopped. What is verified is kept; run the same command to continue.");
      return k_interrupted;
    }
    if (!model) return Failure(model.error());
    const std::string name = library.label_of(id);
    context.out.event(boost::json::object{{"event", "done"},
                                          {"hash", id.str()},
                                          {"name", name},
                                          {"was_here", was_here},
                                          {"bytes", model->size()},
                                          {"folder", model->folder.string()}});
    context.out.line(name + (was_here ? " is already here: " : " is here and verified: ") + human_bytes(model->size()) +
                     ", " + id.str());
  }
  return 0;
}

}  // namespace eai::cli
