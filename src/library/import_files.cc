#include "library/import_files.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "library/import.h"
#include "library/keep.h"
#include "library/preserve_watch.h"
#include "library/running.h"
#include "util/text.h"

namespace eai::library {
namespace {

bool is_folder(const fs::path& path) {
  std::error_code none;
  return fs::is_directory(path, none);
}

bool is_gguf(const fs::path& path) {
  if (path.extension() == ".gguf") return true;
  std::error_code none;
  if (!fs::is_regular_file(path, none)) return false;
  std::uint8_t magic[4] = {};
  const auto file = open_file(path, O_RDONLY);
  return file && read_at(file->get(), 0, magic) && std::equal(magic, magic + 4, "GGUF");
}

Result<preserve::Folder> open(const FilesRequest& request) {
  const bool has_folder = std::ranges::any_of(request.files, is_folder);
  if (has_folder && request.files.size() > 1)
    return fail(Code::invalid, "a folder is taken with nothing beside it, because it holds all of a model");
  if (has_folder) return preserve::open_folder(request.files.front(), request.said);
  return preserve::open_files(request.files, request.names, request.said);
}

Failure taken(const std::string& name, const std::string& by) {
  return fail_about("name", Code::invalid, "the name " + printable(name) + " is taken by " + by);
}

// Two models of one name could only be told apart by their hashes.
Result<void> check_free(const Library& library, const std::string& name, const ipld::Cid& id) {
  if (const CatalogEntry* known = library.catalog.by_name(name); known != nullptr && known->id != id)
    return taken(name, "another model, " + known->id.str());
  for (const store::Model& model : library.contents.models) {
    if (model.metadata.folder_name == name && model.id != id)
      return taken(name, "another model that is here, " + model.id.str());
  }
  for (const store::Damaged& entry : library.contents.damaged) {
    if (entry.folder_name == name && entry.id != id) return taken(name, "a damaged model, " + entry.name);
  }
  return {};
}

// What can be known of it before hours of hashing.
Result<void> check_free(const Library& library, const preserve::Folder& folder) {
  const bool in_catalog = library.catalog.by_name(folder.name) != nullptr;
  for (const store::Model& model : library.contents.models) {
    if (in_catalog || model.metadata.folder_name != folder.name || model.size() == folder.size()) continue;
    return check_free(library, folder.name, ipld::Cid::raw_of({}));
  }
  return {};
}

// Tries the way into the store with each file, and leaves nothing.
Result<void> check_way(const store::HomePaths& paths, const preserve::Folder& folder) {
  EAI_CHECK(make_folders(paths.trash(), 0700));
  const fs::path trial = paths.trash() / ("import." + std::to_string(::getpid()));
  for (const auto& file : folder.files) {
    EAI_CHECK(eai::remove_all(trial));
    EAI_CHECK(store::clone_file(file->path(), trial, {}, {}, store::Copying::refused));
    EAI_CHECK(eai::remove_all(trial));
  }
  return {};
}

Result<preserve::Outcome> hash(const preserve::Folder& folder, preserve::Options options, const store::HomePaths& paths,
                               Feed& feed, const std::stop_token& stop) {
  options.format = model::Format::unixfs;
  options.dry_run = true;  // there is nobody to send it to
  options.work_folder = paths.preserve();
  std::stop_source all;
  const std::stop_callback pass_on(stop, [&] { all.request_stop(); });
  preserve::Monitor monitor;
  const preserve::Homes nobody;
  const PreserveWatch watch(monitor, folder.name, feed);
  return preserve::preserve(folder, options, nobody, monitor, all);
}

}  // namespace

bool holds_files(const fs::path& path, const std::optional<model::Task>& task) {
  if (!is_folder(path)) return is_gguf(path);
  if (models_in(path, path.string())) return false;
  if (task && !model::is_text(*task)) return true;
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    if (is_gguf(at->path())) return true;
  }
  return false;
}

Result<Imported> import_files(Library& library, const FilesRequest& request, Feed& feed, const std::stop_token& stop) {
  const store::HomePaths paths{library.folders.home};
  EAI_TRY(const preserve::Folder folder, open(request));
  for (const preserve::Note& note : folder.notes) feed.note(note.text, note.hint);
  EAI_CHECK(check_free(library, folder));
  if (request.copying == store::Copying::refused) EAI_CHECK(check_way(paths, folder));
  EAI_TRY(const preserve::Outcome outcome, hash(folder, request.options, paths, feed, stop));
  EAI_CHECK(check_free(library, folder.name, outcome.hash));
  const bool was_damaged = std::ranges::any_of(library.contents.damaged,
                                               [&](const store::Damaged& entry) { return entry.id == outcome.hash; });
  EAI_TRY(const auto way, take_into_store(library.folders, folder, outcome, request.copying, feed, stop));
  EAI_TRY(store::Model model, library.store.find(outcome.hash));
  library.add(model);
  if (was_damaged) tell_server(library.folders);
  return Imported{std::move(model), way};
}

}  // namespace eai::library
