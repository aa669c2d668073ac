// `eai model download`
#include <boost/json.hpp>

#include "cli/background.h"
#include "cli/download.h"
#include "cli/job_kinds.h"
#include "cli/job_results.h"
#include "library/bring.h"
#include "util/text.h"

namespace eai::cli {

Result<store::Model> bring(const Context& context, library::Library& library, const library::Asked& asked,
                           const Interrupt& interrupt) {
  const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
    return library::bring(library, asked, context.config.fetch, feed, stop);
  };
  return run_job<store::Model>(work, download_look(), context.out, interrupt.token());
}

namespace {

Result<int> measure(Context& context, const library::Library& library, const std::vector<library::Asked>& asked) {
  Interrupt interrupt;
  for (const library::Asked& one : asked) {
    const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
      return library::measure(library, one, context.config.fetch, feed, stop);
    };
    const auto missing = run_job<fetch::Missing>(work, model_look(), context.out, interrupt.token());
    if (interrupt.requested()) return k_interrupted;
    if (!missing) return Failure(missing.error());
    context.out.event(boost::json::object{{"event", "measured"},
                                          {"hash", one.id.str()},
                                          {"name", one.label},
                                          {"bytes", missing->total},
                                          {"missing", missing->missing}});
    context.out.line(one.label + ": " + human_bytes(missing->missing) + " of " + human_bytes(missing->total) +
                     " are missing");
  }
  return 0;
}

}  // namespace

Result<int> model_download(Context& context) {
  EAI_TRY(library::Library library, library::Library::open(context.folders));
  EAI_TRY(const auto asked,
          library::resolve_all(library, context.words.models, context.words.hashes, library::Typed::begun));
  if (asked.empty()) return fail(Code::invalid, "say which model to download; `eai model list --all` lists names");
  if (context.config.download.dry_run) {
    if (context.config.job.background) return dry_run_in_background();
    return measure(context, library, asked);
  }
  if (context.config.job.background) return in_background(context, model_jobs(context, k_download, asked));
  Interrupt interrupt;
  for (const library::Asked& one : asked) {
    const bool was_here = library.stored(one.id) != nullptr;
    auto model = bring(context, library, one, interrupt);
    if (!model && interrupt.requested()) {
      context.out.note("Stopped. What is verified is kept; run the same command to continue.");
      return k_interrupted;
    }
    if (!model) return Failure(std::move(model).error());
    tell_result(k_download, result_of(one, *model, was_here), context.out);
  }
  return 0;
}

}  // namespace eai::cli
