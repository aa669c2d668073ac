#include "library/preserve.h"

#include <algorithm>

#include "library/audit.h"
#include "library/keep.h"
#include "library/lora.h"
#include "library/preserve_watch.h"
#include "store/file_names.h"
#include "util/text.h"

namespace eai::library {
namespace {

// A home's trouble stands beside its name until it gets on.
void note_trouble(preserve::Monitor& monitor, const std::string& trouble) {
  monitor.change([&](preserve::Progress& now) {
    for (auto& home : now.homes) {
      if (trouble.starts_with(home.name + ": ")) home.trouble = trouble.substr(home.name.size() + 2);
    }
  });
}

Result<preserve::Homes> homes_of(const PreserveRequest& request, std::stop_token stop, preserve::Monitor& monitor) {
  const bool dry = request.options.dry_run;
  preserve::HomeSettings settings = request.home;
  settings.tries.on_trouble = [&monitor](const std::string& trouble) { note_trouble(monitor, trouble); };
  settings.stop = std::move(stop);
  if (dry) settings.keys = preserve::HomeSettings::Keys::not_needed;
  std::vector<std::string> words = request.homes;
  if (words.empty() && !dry) words = {k_lighthouse};
  const auto far = std::find_if(words.begin(), words.end(), [](const auto& word) { return !word.starts_with("car:"); });
  if (request.offline && !dry && far != words.end()) {
    return fail(Code::invalid, printable(*far) + " needs a connection, and none is opened", Hint::car_home);
  }
  EAI_TRY(preserve::Homes homes, preserve::make_homes(words, settings));
  // They would be asked.
  if (request.offline) std::erase_if(homes, [](const auto& home) { return home->can_tell(); });
  return homes;
}

preserve::Options options_of(const PreserveRequest& request, const Folders& folders) {
  preserve::Options out = request.options;
  const store::HomePaths paths{folders.home};
  out.work_folder = paths.preserve();
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(paths.block_lists(), none)) out.known.push_back(entry.path());
  return out;
}

model::Layout layout_of(const preserve::Options& options, const preserve::Folder& folder) {
  if (options.layout) return *options.layout;
  const bool has_gguf =
      std::any_of(folder.ggufs.begin(), folder.ggufs.end(), [](const auto& gguf) { return gguf.has_value(); });
  return has_gguf ? model::Layout::tensor : model::Layout::fixed;
}

// What is left on this machine, except the journal.
Result<void> settle_here(const PreserveRequest& request, const Folders& folders, const preserve::Folder& folder,
                         const preserve::Outcome& outcome, Feed& feed, const std::stop_token& stop) {
  if (request.copies_in) {
    const fs::path copy = *request.copies_in / (outcome.metadata.folder_name + "_metadata.json");
    EAI_CHECK(write_file_atomic(copy, view_of(outcome.metadata_json), 0644));
    feed.note("The metadata is in " + copy.string());
  }
  const store::HomePaths paths{folders.home};
  EAI_CHECK(preserve::write_block_list(paths.block_list(outcome.hash), outcome.blocks));
  if (!request.keep_here) return {};
  const auto kept = take_into_store(folders, folder, outcome, feed, stop);
  if (!kept && stop.stop_requested()) return fail(Code::cancelled, "stopped");
  // The model is up: that this disk would not take it is no failure of that.
  feed.note(kept ? "In the local store " + *kept : "Not in the local store: " + kept.error().message);
  return {};
}

}  // namespace

Result<Preserved> preserve_folder(const PreserveRequest& request, const Folders& folders, Feed& feed,
                                  const std::stop_token& stop) {
  std::stop_source all;  // also asked for when the last home has failed
  const std::stop_callback pass_on(stop, [&] { all.request_stop(); });
  preserve::Monitor monitor;
  EAI_TRY(const preserve::Folder folder, preserve::open_folder(request.folder, request.said));
  if (request.options.lora) EAI_CHECK(check_lora_folder(folder.path));
  EAI_TRY(const preserve::Homes homes, homes_of(request, all.get_token(), monitor));
  for (const preserve::Note& note : folder.notes) feed.note(note.text, note.hint);
  const bool dry = request.options.dry_run;
  if (dry && request.options.format == model::Format::unixfs) {
    EAI_CHECK(list_blocks_of_store(folders, layout_of(request.options, folder), request.options.threads, feed, stop));
  }
  const preserve::Options options = options_of(request, folders);
  Result<preserve::Outcome> outcome = [&] {
    const PreserveWatch watch(monitor, folder.name, feed);
    return preserve::preserve(folder, options, homes, monitor, all);
  }();
  if (!outcome) return Failure(std::move(outcome).error());
  Preserved out{*std::move(outcome), std::nullopt};
  if (dry) return out;
  auto settled = settle_here(request, folders, folder, out.outcome, feed, stop);
  if (!settled) out.unsettled = std::move(settled).error();
  return out;
}

Result<void> end_journal(const Preserved& preserved) {
  const preserve::Outcome& outcome = preserved.outcome;
  if (!outcome.journal || preserved.unsettled || !outcome.failures.empty()) return {};
  return outcome.journal->remove();
}

}  // namespace eai::library
