#include "library/preserve.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

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

model::Format format_of(const PreserveRequest& request, const preserve::Folder& folder) {
  return request.format.value_or(folder.pieces > 1 ? model::Format::unixfs : model::Format::archive);
}

Result<preserve::Options> options_of(const PreserveRequest& request, const preserve::Folder& folder,
                                     const Folders& folders) {
  preserve::Options out = request.options;
  out.format = format_of(request, folder);
  const store::HomePaths paths{folders.home};
  out.work_folder = paths.preserve();
  EAI_TRY(out.known, known_blocks(folders));
  return out;
}

model::Layout layout_of(const preserve::Options& options, const preserve::Folder& folder) {
  if (options.layout) return *options.layout;
  const bool has_gguf =
      std::any_of(folder.ggufs.begin(), folder.ggufs.end(), [](const auto& gguf) { return gguf.has_value(); });
  return has_gguf ? model::Layout::tensor : model::Layout::fixed;
}

fs::path copy_of_metadata(const PreserveRequest& request, const std::string& folder_name) {
  return *request.copies_in / (folder_name + "_metadata.json");
}

// Hours before it is needed.
Result<void> can_be_written(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::error_code none;
  if (fs::is_directory(file, none)) return fail(Code::io, printable(file.string(), 400) + " is a folder");
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    return fail_errno("writing to " + printable(folder.string(), 400), errno);
  EAI_TRY(const std::uint64_t room, free_space(folder));
  if (room == 0) return fail_errno("writing to " + printable(folder.string(), 400), ENOSPC);
  return {};
}

// What is left on this machine, except the journal. The model is at its homes, so nothing here can make that a failure.
void settle_here(const PreserveRequest& request, const Folders& folders, const preserve::Folder& folder,
                 Preserved& preserved, Feed& feed, const std::stop_token& stop) {
  const preserve::Outcome& outcome = preserved.outcome;
  const auto warn = [&](Error error, std::string_view what) {
    preserved.warnings.push_back(std::move(error).with(what));
  };
  if (const auto trouble = outcome.journal ? outcome.journal->trouble() : std::nullopt) {
    warn(*trouble, "the journal of this run is not whole");
  }
  if (request.copies_in) {
    const fs::path copy = copy_of_metadata(request, outcome.metadata.folder_name);
    if (auto written = write_file_atomic(copy, view_of(outcome.metadata_json), 0644); written) {
      feed.note("The metadata is in " + copy.string());
    } else {
      warn(std::move(written).error(), "the copy of the metadata, " + copy.string() + ", was not written");
    }
  }
  bool has_trees = false;  // in the store, which then tell its blocks
  if (request.keep_here) {
    auto kept = take_into_store(folders, folder, outcome, store::Copying::allowed, feed, stop);
    has_trees = kept && !outcome.trees.empty();
    if (kept) {
      feed.note("In the local store " + (*kept ? "by " + std::string(store::name_of(**kept)) : "already"));
    } else if (stop.stop_requested()) {
      preserved.stopped = true;
    } else {
      warn(std::move(kept).error(), "Not in the local store");
    }
  }
  if (has_trees) return;
  const fs::path list = store::HomePaths{folders.home}.block_list(outcome.hash);
  if (auto listed = preserve::write_block_list(list, outcome.blocks); !listed) {
    warn(std::move(listed).error(), "the list of the model's blocks was not written");
  }
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
  if (!request.format && folder.pieces > 1) feed.note("format: unixfs, which keeps the pieces as they are");
  const bool dry = request.options.dry_run;
  if (request.copies_in && !dry) {
    if (const auto good = can_be_written(copy_of_metadata(request, folder.name)); !good) {
      feed.note("No copy of the metadata will be left here: " + good.error().message);
    }
  }
  if (dry && format_of(request, folder) == model::Format::unixfs) {
    EAI_CHECK(list_blocks_of_store(folders, layout_of(request.options, folder), request.options.threads, feed, stop));
  }
  EAI_TRY(const preserve::Options options, options_of(request, folder, folders));  // with what was just listed
  Result<preserve::Outcome> outcome = [&] {
    const PreserveWatch watch(monitor, folder.name, feed);
    return preserve::preserve(folder, options, homes, monitor, all);
  }();
  if (!outcome) return Failure(std::move(outcome).error());
  Preserved out{*std::move(outcome), {}};
  if (!dry) settle_here(request, folders, folder, out, feed, stop);
  return out;
}

Result<void> end_journal(const Preserved& preserved) {
  const preserve::Outcome& outcome = preserved.outcome;
  if (!outcome.journal || preserved.stopped || !outcome.failures.empty()) return {};
  return outcome.journal->remove();
}

}  // namespace eai::library
