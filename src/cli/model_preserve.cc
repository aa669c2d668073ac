// `eai model preserve`
#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <boost/json.hpp>

#include "cli/hint_words.h"
#include "cli/interrupt.h"
#include "cli/lora.h"
#include "cli/preserve_store.h"
#include "cli/preserve_watch.h"
#include "cli/resolve.h"
#include "preserve/preserve.h"
#include "store/file_names.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

// Goes into a header as it is, so what could end one is refused. It is never repeated to anybody.
Result<std::string> key_from_environment(const char* name) {
  const char* value = std::getenv(name);
  std::string_view key = value == nullptr ? "" : value;
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!key.empty() && is_blank(key.front())) key.remove_prefix(1);
  while (!key.empty() && is_blank(key.back())) key.remove_suffix(1);
  if (std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; })) return std::string(key);
  return fail(Code::invalid, std::string(name) + " holds characters that no key has, such as a blank or a line break");
}

Result<std::optional<double>> parse_ram(const std::string& text) {
  if (text.empty()) return std::optional<double>();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0) || value > 1e6) {
    return fail(Code::invalid, "--ram " + printable(text, 40) + " is not a number of gigabytes");
  }
  return std::optional(value);
}

Result<preserve::Folder> open_folder(const Context& context) {
  const std::string& word = context.words.folder.empty() ? context.config.preserve.folder : context.words.folder;
  if (word.empty()) return fail(Code::invalid, "say which folder: eai model preserve --folder-path <folder>");
  preserve::Said said{{}, {}, context.config.preserve.config_name, context.config.preserve.lora};
  if (!context.config.preserve.task.empty()) {
    EAI_TRY(said.task, model::parse_task(context.config.preserve.task));
  }
  EAI_TRY(said.ram_gb, parse_ram(context.config.preserve.ram));
  return preserve::open_folder(word, said);
}

preserve::Options options_of(const Context& context) {
  const Config& config = context.config;
  preserve::Options out;
  out.format = config.preserve.format == "unixfs" ? model::Format::unixfs : model::Format::archive;
  if (config.preserve.layout == "fixed") out.layout = model::Layout::fixed;
  if (config.preserve.layout == "tensor") out.layout = model::Layout::tensor;
  out.part_size = config.preserve.zip_chunk_size * k_mib;
  out.threads = static_cast<unsigned>(config.preserve.threads);
  out.hf_repo = config.preserve.hf_repo;
  out.hf_file = config.preserve.hf_file;
  out.config_name = config.preserve.config_name;
  out.lora = config.preserve.lora;
  out.dry_run = config.preserve.dry_run;
  out.resume = config.preserve.resume;
  const store::HomePaths paths{context.folders.home};
  out.work_folder = paths.preserve();
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(paths.block_lists(), none)) out.known.push_back(entry.path());
  return out;
}

Result<preserve::Homes> homes_of(const Context& context, std::stop_token stop, preserve::Monitor& monitor) {
  const Config& config = context.config;
  preserve::HomeSettings settings;
  EAI_TRY(settings.lighthouse_key, key_from_environment("LIGHTHOUSE_API_KEY"));
  settings.lighthouse_upload = config.preserve.lighthouse_upload;
  settings.lighthouse_api = config.preserve.lighthouse_api;
  settings.kubo_api = config.preserve.kubo_api;
  EAI_TRY(settings.pinning_key, key_from_environment("EAI_PINNING_KEY"));
  settings.providers = config.preserve.providers;
  settings.pin_timeout = std::chrono::seconds(config.preserve.pin_timeout);
  settings.tries.max_retries = static_cast<int>(config.fetch.max_retries);
  settings.tries.stall = std::chrono::seconds(config.preserve.upload_timeout);
  settings.tries.on_trouble = [&monitor](const std::string& trouble) {
    monitor.change([&](preserve::Progress& p) {
      for (auto& home : p.homes) {
        if (trouble.starts_with(home.name + ": ")) home.trouble = trouble.substr(home.name.size() + 2);
      }
    });
  };
  settings.stop = std::move(stop);
  std::vector<std::string> words = config.preserve.homes;
  if (words.empty() && !config.preserve.dry_run) words = {"lighthouse"};
  const auto far = std::find_if(words.begin(), words.end(), [](const auto& word) { return !word.starts_with("car:"); });
  if (config.fetch.offline && !config.preserve.dry_run && far != words.end()) {
    return fail(Code::invalid, "--offline opens no connection, and " + printable(*far) +
                                   " needs one; with it go --dry-run and --to car:<file>");
  }
  if (config.preserve.dry_run) settings.keys = preserve::HomeSettings::Keys::not_needed;
  EAI_TRY(preserve::Homes homes, preserve::make_homes(words, settings));
  if (config.fetch.offline)
    std::erase_if(homes, [](const auto& home) { return home->can_tell(); });  // they would be asked
  return homes;
}

void tell(const preserve::Outcome& outcome, const Context& context) {
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
  out.event(event);
  if (out.quiet()) return;
  std::string line = human_bytes(outcome.bytes) + " in the folder, " + human_bytes(outcome.payload) + " to keep";
  if (archive) {
    const std::uint64_t share =
        outcome.bytes == 0 ? 0 : std::min<std::uint64_t>(100, outcome.stored * 100 / outcome.bytes);
    line += "; " + std::to_string(share) + "% stored as it is, because packing would gain less than 4%";
  }
  out.line(line);
  out.line(human_bytes(outcome.new_here) + " are in no model that is known here");
  for (const auto& [home, bytes] : outcome.new_at) out.line(human_bytes(bytes) + " new at " + home);
  if (outcome.resumed > 0) out.line(human_bytes(outcome.resumed) + " had been sent by an earlier run");
}

Result<void> leave_copy(const Context& context, const preserve::Outcome& outcome) {
  const fs::path copy = outcome.metadata.folder_name + "_metadata.json";
  EAI_CHECK(write_file_atomic(copy, view_of(outcome.metadata_json), 0644));
  context.out.note("The metadata is in " + copy.string());
  return {};
}

// What is left on this machine, but for the journal.
Result<void> settle_here(const Context& context, const preserve::Folder& folder, const preserve::Outcome& outcome,
                         const std::stop_token& stop) {
  EAI_CHECK(leave_copy(context, outcome));
  const store::HomePaths paths{context.folders.home};
  EAI_CHECK(preserve::write_block_list(paths.block_list(outcome.hash), outcome.blocks));
  if (context.config.preserve.keep_here) {
    auto kept = take_into_store(context, folder, outcome, stop);
    if (!kept && stop.stop_requested()) return fail(Code::cancelled, "stopped");
    // The model is up: that this disk would not take it is no failure of that.
    context.out.note(kept ? "In the local store " + *kept : "Not in the local store: " + kept.error().message);
  }
  return {};
}

bool sends_to_lighthouse(const Context& context) {
  const auto& homes = context.config.preserve.homes;
  return context.config.preserve.format == "archive" &&
         (homes.empty() || std::find(homes.begin(), homes.end(), "lighthouse") != homes.end());
}

bool something_is_up(const preserve::Progress& reached) {
  return std::any_of(reached.homes.begin(), reached.homes.end(), [](const auto& home) { return home.sent > 0; });
}

// The exit status: of the first home that failed.
int tell_failures(const Context& context, const preserve::Outcome& outcome) {
  int status = 0;
  for (const preserve::HomeFailure& failure : outcome.failures) {
    const int own = face_of(failure.error.code).exit_status;
    if (status == 0) status = own;
    Error error = failure.error;
    context.out.error(std::move(error).with("not complete at " + failure.home), own);
  }
  if (status != 0 && !context.config.preserve.dry_run) {
    context.out.note("The other homes have all of it. The same command goes on with what is missing.");
  }
  return status;
}

}  // namespace

Result<int> model_preserve(Context& context) {
  Interrupt interrupt;
  std::stop_source stop;
  const std::stop_callback pass_on(interrupt.token(), [&] { stop.request_stop(); });
  preserve::Monitor monitor;
  EAI_TRY(const preserve::Folder folder, open_folder(context));
  if (context.config.preserve.lora) EAI_CHECK(check_lora_folder(folder.path));
  EAI_TRY(const preserve::Homes homes, homes_of(context, stop.get_token(), monitor));
  for (const preserve::Note& note : folder.notes) {
    const std::string_view words = shell_words(note.hint);
    context.out.note(words.empty() ? note.text : note.text + " (" + std::string(words) + ")");
  }
  if (context.config.preserve.dry_run && context.config.preserve.format == "unixfs") {
    auto listed = list_blocks_of_store(context, folder, interrupt.token());
    if (interrupt.requested()) {
      context.out.note("Stopped. Nothing was sent.");
      return k_interrupted;
    }
    EAI_CHECK(std::move(listed));
  }
  const preserve::Options options = options_of(context);
  Result<preserve::Outcome> outcome = [&] {
    const PreserveWatch watch(monitor, folder.name, context.out);
    return preserve::preserve(folder, options, homes, monitor, stop);
  }();
  if (!outcome) {
    const bool is_up = something_is_up(monitor.read());
    std::string advice = is_up ? "What is up stays up; the same command goes on from there."
                               : "Nothing is up yet; the same command begins anew.";
    if (options.dry_run) advice = "Nothing was sent.";
    if (interrupt.requested()) {
      context.out.note("Stopped. " + advice);
      return k_interrupted;
    }
    // What is wrong with the words or the folder says itself what to do.
    if (is_up || outcome.error().code != Code::invalid) context.out.note(advice);
    return Failure(std::move(outcome).error());
  }
  Result<void> settled;
  if (!options.dry_run) settled = settle_here(context, folder, *outcome, interrupt.token());
  tell(*outcome, context);
  if (context.config.preserve.dry_run && sends_to_lighthouse(context)) {
    context.out.note("Lighthouse may cut parts in a way of its own: then their CIDs and the hash are others.");
  }
  context.out.line(outcome->hash.str());
  // The journal goes last: a run that is killed before is gone on with, not begun anew.
  if (!options.dry_run && settled && outcome->failures.empty()) settled = outcome->journal->remove();
  const int status = tell_failures(context, *outcome);
  // Said last: the hash, which is worth more, is out.
  if (!settled && interrupt.requested()) {
    context.out.note("Stopped. It is up, but not in the local store: the same command goes on from there.");
    return k_interrupted;
  }
  if (!settled) return Failure(std::move(settled).error());
  return status;
}

}  // namespace eai::cli
