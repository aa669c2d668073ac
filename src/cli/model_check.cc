// `eai model check`
#include "cli/background.h"
#include "cli/interrupt.h"
#include "cli/job_kinds.h"
#include "cli/job_results.h"
#include "library/check.h"
#include "util/text.h"

namespace eai::cli {
Result<int> model_check(Context& context) {
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  EAI_TRY(auto asked, library::resolve_all(library, context.words.models, context.words.hashes, library::Typed::here));
  if (asked.empty()) {
    asked = library::everything(library);
    for (const store::Newer& entry : library.contents.newer) {
      context.out.note(library.label_of(entry.id) + " is not checked: " + printable(entry.why, 400));
    }
    if (asked.empty()) context.out.note("There are no models here yet, so there is nothing to check.");
  }
  if (context.config.job.background) return in_background(context, model_jobs(context, k_check, asked));
  Interrupt interrupt;
  int status = 0;
  for (const library::Asked& one : asked) {
    const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
      return library::check(library, one, feed, stop);
    };
    auto checked = run_job<library::Checked>(work, model_look(), context.out, interrupt.token());
    if (interrupt.requested()) return k_interrupted;
    if (!checked) return Failure(std::move(checked).error());
    const int own = tell_result(k_check, result_of(one, *checked), context.out);
    if (status == 0) status = own;
  }
  return status;
}

}  // namespace eai::cli
