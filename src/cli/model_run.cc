// `eai model run`
#include "cli/download.h"
#include "cli/interrupt.h"
#include "cli/serving.h"

namespace eai::cli {
namespace {

// What the catalog says of a model that is not here yet; nothing for an unknown hash.
Result<void> check_engines_early(const Context& context, const Library& library, const std::vector<Asked>& asked) {
  EAI_TRY(Engines engines, find_engines(context.config.engines, context.folders));
  for (const Asked& one : asked) {
    const store::Model* model = library.stored(one.id);
    const CatalogEntry* entry = library.catalog.by_id(one.id);
    if (model != nullptr) {
      EAI_CHECK(check_engine_for(engines, model->metadata.task));
    } else if (entry != nullptr) {
      EAI_CHECK(check_engine_for(engines, entry->task));
    }
  }
  return {};
}

Result<std::vector<store::Model>> chosen(const Library& library, const Words& words) {
  EAI_TRY(const std::vector<Asked> asked, resolve_all(library, words));
  std::vector<store::Model> models;
  for (const Asked& one : asked) {
    const store::Model* model = library.stored(one.id);
    if (model == nullptr) {
      return fail(Code::not_found, one.label + " is not here; `eai model download " + one.label + "` brings it");
    }
    models.push_back(*model);
  }
  return models;
}

}  // namespace

Result<int> model_run(Context& context) {
  EAI_TRY(Library library, Library::open(context));
  EAI_TRY(std::vector<Asked> asked, resolve_all(library, context.words));
  if (asked.empty()) return fail(Code::invalid, "say which model to run; `eai model list --all` lists names");
  EAI_CHECK(check_engines_early(context, library, asked));
  EAI_CHECK(check_seat_and_port(context));
  {
    Interrupt interrupt;
    for (const Asked& one : asked) {
      auto model = bring(context, library, one, interrupt);
      if (!model && interrupt.requested()) {
        context.out.note("Stopped. What is verified stays; the same command goes on from there.");
        return k_interrupted;
      }
      if (!model) return Failure(std::move(model).error());
    }
  }
  return serve_models(context, [&](const Library& now) { return chosen(now, context.words); }, {});
}

}  // namespace eai::cli
