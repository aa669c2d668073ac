// `eai model repair`
#include "cli/background.h"
#include "cli/interrupt.h"
#include "cli/job_kinds.h"
#include "cli/job_results.h"
#include "library/repair.h"
#include "util/text.h"

namespace eai::cli {
Result<int> model_repair(Context& context) {
  EAI_TRY(library::Library library, library::Library::open(context.folders));
  EAI_TRY(auto asked, library::resolve_all(library, context.words.models, context.words.hashes, library::Typed::here));
  if (asked.empty() && !context.config.repair.all) {
    return fail(Code::invalid, "say which model to repair, or --all; `eai model check` finds the damaged ones");
  }
  if (!asked.empty() && context.config.repair.all)
    return fail(Code::invalid, "name models, or say --all, but not both");
  if (context.config.repair.all) asked = library::everything(library);
  if (asked.empty()) context.out.note("There are no models here yet, so there is nothing to repair.");
  if (context.config.job.background) return in_background(context, model_jobs(context, k_repair, asked));
  Interrupt interrupt;
  std::optional<Error> failed;
  for (const library::Asked& one : asked) {
    const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
      return library::repair(library, one, context.config.fetch, feed, stop);
    };
    auto done = run_job<library::Repaired>(work, download_look(), context.out, interrupt.token());
    if (interrupt.requested()) {
      context.out.note("Stopped. What is verified is kept; run the same command to continue.");
      return k_interrupted;
    }
    if (!done && asked.size() == 1) return Failure(std::move(done).error());
    if (!done) {  // the others can be mended all the same
      if (failed) context.out.note(printable(failed->message, 400));
      failed = std::move(done).error();
      continue;
    }
    tell_result(k_repair, result_of(one, *done), context.out);
  }
  if (failed) return Failure(*std::move(failed));
  return 0;
}

}  // namespace eai::cli
