// `eai model preserve`
#include <algorithm>
#include <cstdlib>

#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/environment_keys.h"
#include "cli/follow.h"
#include "cli/hint_words.h"
#include "cli/interrupt.h"
#include "cli/preserve_words.h"
#include "library/audit.h"
#include "library/preserve.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

Result<preserve::HomeSettings> home_settings(const Config& config) {
  const PreserveSettings& settings = config.preserve;
  preserve::HomeSettings out;
  EAI_TRY(out.lighthouse_key, key_from_environment("LIGHTHOUSE_API_KEY"));
  EAI_TRY(out.pinning_key, key_from_environment("EAI_PINNING_KEY"));
  EAI_TRY(out.cluster_login, login_from_environment(k_cluster_login));
  out.lighthouse_upload = settings.lighthouse_upload;
  out.lighthouse_api = settings.lighthouse_api;
  out.kubo_api = settings.kubo_api;
  out.cluster_api = settings.cluster_api;
  out.replicas = settings.replicas;
  out.providers = settings.providers;
  out.pin_timeout = std::chrono::seconds(settings.pin_timeout);
  out.tries.max_retries = static_cast<int>(config.fetch.max_retries);
  out.tries.stall = std::chrono::seconds(settings.upload_timeout);
  return out;
}

Result<library::PreserveRequest> request_of(const Context& context) {
  const PreserveSettings& settings = context.config.preserve;
  library::PreserveRequest out;
  out.folder = context.words.folder.empty() ? settings.folder : context.words.folder;
  if (out.folder.empty()) return fail(Code::invalid, "say which folder: eai model preserve --folder-path <folder>");
  out.folder = as_the_shell_says(out.folder);
  EAI_TRY(out.said, said_of(settings));
  out.options = preserve_options(settings);
  if (!settings.format.empty()) {
    out.format = settings.format == "unixfs" ? model::Format::unixfs : model::Format::archive;
  }
  out.homes = settings.homes;
  EAI_TRY(out.home, home_settings(context.config));
  out.offline = context.config.fetch.offline;
  out.keep_here = settings.keep_here;
  out.copies_in = fs::path();  // where the command is run
  return out;
}

void tell(const library::Preserved& preserved, const Context& context) {
  const preserve::Outcome& outcome = preserved.outcome;
  Output& out = context.out;
  const bool archive = outcome.metadata.format == model::Format::archive;
  json::array files;
  for (const auto& file : outcome.metadata.files) {
    files.push_back(json::object{{"name", file.file_name}, {"cid", file.cid.str()}, {"bytes", file.size}});
    if (!out.quiet()) out.line(file.cid.str() + "  " + human_bytes(file.size) + "  " + file.file_name);
  }
  json::object event{{"event", context.config.preserve.dry_run ? "dry_run" : "preserved"},
                     {"hash", outcome.hash.str()},
                     {"name", outcome.metadata.folder_name},
                     {"bytes", outcome.bytes},
                     {"payload", outcome.payload},
                     {"stored", outcome.stored},
                     {"sent", outcome.sent},
                     {"resumed", outcome.resumed},
                     {"profile", outcome.profile},
                     {"files", std::move(files)}};
  event["new_here"] = outcome.new_here;
  json::object new_at;
  for (const auto& [home, bytes] : outcome.new_at) new_at[home] = bytes;
  if (!new_at.empty()) event["new_at"] = std::move(new_at);
  json::array failed;
  for (const auto& failure : outcome.failures) {
    failed.push_back(
        json::object{{"home", failure.home}, {"code", name_of(failure.error.code)}, {"why", words_of(failure.error)}});
  }
  event["failed"] = std::move(failed);
  json::array warnings;
  for (const Error& warning : preserved.warnings) warnings.push_back(json::string(words_of(warning)));
  event["warnings"] = std::move(warnings);
  out.event(event);
  if (out.quiet()) return;
  std::string line = human_bytes(outcome.bytes) + " in the folder, " + human_bytes(outcome.payload) + " to keep";
  if (archive) {
    const std::uint64_t share =
        outcome.bytes == 0 ? 0 : std::min<std::uint64_t>(100, outcome.stored * 100 / outcome.bytes);
    line += "; " + std::to_string(share) + "% stored as it is, because packing would gain less than 4%";
  }
  out.line(line);
  out.line(human_bytes(outcome.new_here) + " are in none of the models known here");
  for (const auto& [home, bytes] : outcome.new_at) out.line(human_bytes(bytes) + " new at " + home);
  if (outcome.resumed > 0) out.line(human_bytes(outcome.resumed) + " were already sent by an earlier run");
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

// The exit status: of the first home that failed.
int tell_failures(const Context& context, const preserve::Outcome& outcome) {
  int status = 0;
  for (const preserve::HomeFailure& failure : outcome.failures) {
    const int own = face_of(failure.error.code).exit_status;
    if (status == 0) status = own;
    Error error = failure.error;
    context.out.error(std::move(error).with("incomplete at " + failure.home), own);
  }
  if (status != 0 && !context.config.preserve.dry_run) {
    context.out.note("The other homes have all of it. Run the same command again to send what is missing.");
  }
  return status;
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
  Interrupt interrupt;
  EAI_TRY(const library::PreserveRequest request, request_of(context));
  library::Job<library::Preserved> job([&](library::Feed& feed, const std::stop_token& stop) {
    return library::preserve_folder(request, context.folders, feed, stop);
  });
  const std::stop_callback pass_on(interrupt.token(), [&] { job.stop(); });
  follow(job.feed(), preserve_look(), context.out);
  auto preserved = job.result();
  if (!preserved) return tell_end(context, request, job.feed(), std::move(preserved).error(), interrupt);
  const preserve::Outcome& outcome = preserved->outcome;
  tell(*preserved, context);
  tell_of_unixfs(context, outcome);
  if (request.options.dry_run && sends_to_lighthouse(request, outcome)) {
    context.out.note("Lighthouse may split parts in its own way; then their CIDs and the hash are different.");
  }
  context.out.line(outcome.hash.str());
  auto ended = library::end_journal(*preserved);
  const int status = tell_failures(context, outcome);
  // Said last: the hash, which is worth more, is out.
  for (const Error& warning : preserved->warnings) context.out.warning(warning);
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
