// `eai model preserve`
#include <algorithm>
#include <cstdlib>

#include <boost/json.hpp>

#include "cli/background.h"
#include "cli/follow.h"
#include "cli/interrupt.h"
#include "cli/job_kinds.h"
#include "cli/preserve_words.h"
#include "library/audit.h"
#include "library/preserve.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

// Empty: none was named.
fs::path folder_of(const Context& context) {
  const std::string& typed = context.words.folder;
  return as_the_shell_says(typed.empty() ? context.config.preserve.folder : typed);
}

// Nobody who chose the format is told of the other one.
void tell_of_unixfs(const Context& context, const preserve::Outcome& outcome) {
  if (!context.config.preserve.format.empty() || outcome.metadata.format == model::Format::unixfs) return;
  context.out.note(
      "This is an archive, which the original tool reads. With --format unixfs a model can be fetched in small pieces, "
      "each proven by itself, from more sources (docs/preserve.md).");
}

bool sends_to_lighthouse(const library::PreserveRequest& request, const preserve::Outcome& outcome) {
  const auto& homes = request.homes;
  return outcome.metadata.format == model::Format::archive &&
         (homes.empty() || std::find(homes.begin(), homes.end(), library::k_lighthouse) != homes.end());
}

// The exit status, or the error itself, of a run that did not get to a hash.
Result<int> tell_end(const Context& context, const library::PreserveRequest& request, const library::Feed& feed,
                     Error error, const Interrupt& interrupt) {
  const auto reached = feed.latest();
  const bool is_up = reached && std::any_of(reached->peers.begin(), reached->peers.end(),
                                            [](const auto& home) { return home.done > 0; });
  std::string advice = is_up ? "What was sent stays there; run the same command to continue."
                             : "Nothing was sent yet; the same command starts over.";
  if (request.options.dry_run) advice = "Nothing was sent.";
  if (interrupt.requested()) {
    context.out.note("Stopped. " + advice);
    return k_interrupted;
  }
  // What is wrong with the words or the folder says itself what to do.
  if (is_up || error.code != Code::invalid) context.out.note(advice);
  return Failure(std::move(error));
}

}  // namespace

Result<int> model_preserve(Context& context) {
  const fs::path folder = folder_of(context);
  if (folder.empty()) return fail(Code::invalid, "say which folder: eai model preserve --folder-path <folder>");
  EAI_TRY(const library::PreserveRequest request, preserve_request(context.config, folder, fs::path(), std::getenv));
  if (context.config.job.background) {
    if (request.options.dry_run) return dry_run_in_background();
    return in_background(context, {preserve_job(context, folder)});
  }
  Interrupt interrupt;
  library::Job<library::Preserved> job([&](library::Feed& feed, const std::stop_token& stop) {
    return library::preserve_folder(request, context.folders, feed, stop);
  });
  const std::stop_callback pass_on(interrupt.token(), [&] { job.stop(); });
  follow(job.feed(), preserve_look(), context.out);
  auto preserved = job.result();
  if (!preserved) return tell_end(context, request, job.feed(), std::move(preserved).error(), interrupt);
  const preserve::Outcome& outcome = preserved->outcome;
  tell_of_unixfs(context, outcome);
  if (request.options.dry_run && sends_to_lighthouse(request, outcome)) {
    context.out.note("Lighthouse may split parts in its own way; then their CIDs and the hash are different.");
  }
  const json::object result = result_of(*preserved, request);
  tell_preserved(result, context.out);
  auto ended = library::end_journal(*preserved);
  // Said last: the hash, which is worth more, is out.
  const int status = tell_failures(result, context.out);
  if (!ended) context.out.warning(std::move(ended).error().with("the journal of this run was not removed"));
  if (auto told = context.out.finish(Output::Reader::is_owed); !told) {
    return Failure(std::move(told).error().with("the hash is " + outcome.hash.str() + ", but it could not be printed"));
  }
  if (preserved->stopped) {
    context.out.note("Stopped. It was sent, but is not in the local store yet; run the same command to continue.");
    return k_interrupted;
  }
  return status;
}

}  // namespace eai::cli
