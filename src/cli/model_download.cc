// `eai model download`
#include <boost/json.hpp>

#include "cli/download.h"
#include "util/text.h"

namespace eai::cli {

Result<int> model_download(Context& context) {
  EAI_TRY(Library library, Library::open(context));
  EAI_TRY(std::vector<Asked> asked, resolve_all(library, context.words));
  if (asked.empty()) return fail(Code::invalid, "say which model to download; `eai model list --all` lists names");
  Interrupt interrupt;
  for (const Asked& one : asked) {
    bool was_here = library.stored(one.id) != nullptr;
    auto model = bring(context, library, one, interrupt);
    if (!model && interrupt.requested()) {
      context.out.note("Stopped. What is verified stays; the same command goes on from there.");
      return k_interrupted;
    }
    if (!model) return Failure(std::move(model).error());
    context.out.event(boost::json::object{{"event", "done"},
                                          {"hash", one.id.str()},
                                          {"name", one.label},
                                          {"was_here", was_here},
                                          {"bytes", model->size()},
                                          {"folder", model->folder.string()}});
    context.out.line(one.label + (was_here ? " is here already: " : " is here and verified: ") +
                     human_bytes(model->size()) + ", " + one.id.str());
  }
  return 0;
}

}  // namespace eai::cli
