// `eai model run`
#include "cli/download.h"
#include "cli/serving.h"
#include "library/choose.h"

namespace eai::cli {
namespace {

// What the words mean after the configuration, and the catalog with it, has been read again.
Result<std::vector<store::Model>> chosen_again(const library::Library& library, const Words& words) {
  EAI_TRY(const auto asked, library::resolve_all(library, words.models, words.hashes, library::Typed::begun));
  return library::stored_models(library, asked);
}

}  // namespace

Result<int> model_run(Context& context) {
  EAI_TRY(library::Library library, library::Library::open(context.folders));
  EAI_TRY(const auto asked,
          library::resolve_all(library, context.words.models, context.words.hashes, library::Typed::begun));
  if (asked.empty()) return fail(Code::invalid, "say which model to run; `eai model list --all` lists names");
  EAI_TRY(const library::Engines engines, library::find_engines(context.config.engines, context.folders));
  EAI_CHECK(library::check_engines(library, engines, asked));
  EAI_CHECK(check_seat_and_port(context));
  std::vector<store::Model> models;
  {
    Interrupt interrupt;
    for (const library::Asked& one : asked) {
      auto model = bring(context, library, one, interrupt);
      if (!model && interrupt.requested()) {
        context.out.note("Stopped. What is verified is kept; run the same command to continue.");
        return k_interrupted;
      }
      if (!model) return Failure(std::move(model).error());
      models.push_back(*std::move(model));
    }
  }
  const auto again = [&](const library::Library& now) { return chosen_again(now, context.words); };
  return serve_models(context, library, models, {again, Serves::named}, {});
}

}  // namespace eai::cli
