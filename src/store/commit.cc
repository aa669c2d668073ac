// The steps that change what the store holds: partial folder, commit and remove.
#include <algorithm>
#include <atomic>
#include <set>

#include <fcntl.h>
#include <unistd.h>

#include "ipld/unixfs.h"
#include "store/manifest.h"
#include "store/store.h"
#include "util/log.h"

namespace eai::store {
namespace {

// In the partial folder: the model as it will be. In the end it is renamed away in one step.
constexpr const char* k_staging = "commit";

Result<void> rename_quickly(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return fail_errno("renaming " + from.string() + " to " + to.string(), errno);
}

// Puts the files of a commit that did not finish back where they were before it.
Result<void> roll_back(const fs::path& partial) {
  fs::path staging = partial / k_staging;
  std::error_code error;
  if (!fs::exists(staging, error)) return {};
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator it(staging, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file()) files.push_back(fs::relative(it->path(), staging));
  }
  if (error) return fail(Code::io, "reading the folder " + staging.string() + ": " + error.message());
  for (const fs::path& name : files) {
    if (name == k_metadata_file || name == k_manifest_file || *name.begin() == k_trees_folder) continue;
    EAI_CHECK(make_folders((partial / name).parent_path(), 0700));
    EAI_CHECK(rename_quickly(staging / name, partial / name));
  }
  return eai::remove_all(staging);
}

Result<void> check_files(const fs::path& partial, const std::vector<StoredFile>& files) {
  if (files.empty()) return fail(Code::invalid, "a model without files cannot be stored");
  for (const StoredFile& file : files) {
    if (!is_allowed_name(file.name)) return fail(Code::invalid, "a model's file cannot be named " + file.name);
    fs::path path = partial / file.name;
    std::error_code error;
    if (!fs::is_regular_file(fs::symlink_status(path, error))) {
      return fail(Code::io, path.string() + " is missing or not a regular file");
    }
    std::uint64_t size = fs::file_size(path, error);
    if (error || size != file.size) {
      return fail(Code::corrupt,
                  path.string() + " has " + std::to_string(size) + " bytes instead of " + std::to_string(file.size));
    }
    EAI_CHECK(sync_path(path));
  }
  return {};
}

using Trees = std::vector<ipld::TreeWalk>;

Result<void> check_trees(const model::Metadata& metadata, const Trees& trees) {
  if (trees.empty()) return {};
  if (metadata.format != model::Format::unixfs) return fail(Code::invalid, "the files of an archive have no trees");
  const auto is_of = [](const ipld::TreeWalk& tree, const model::PartEntry& file) {
    return tree.done() && tree.root() == file.cid && tree.size() == file.size;
  };
  if (std::ranges::equal(trees, metadata.files, is_of)) return {};
  return fail(Code::invalid, "the trees are not those of the files that the metadata lists");
}

// Writes them below `staging`, and gives the manifest's list of them.
Result<std::vector<StoredFile>> write_trees(const fs::path& staging, const Trees& trees) {
  std::vector<StoredFile> out;
  for (std::size_t file = 0; file < trees.size(); ++file) {
    const std::vector<ipld::Block> inner = trees[file].inner();
    if (inner.empty()) continue;
    const std::string name = tree_name(file);
    const Bytes car = ipld::write_car({trees[file].root()}, inner);
    EAI_CHECK(make_folders((staging / name).parent_path(), 0700));
    EAI_CHECK(write_file_atomic(staging / name, car));
    out.push_back({name, car.size(), ipld::sha256(car)});
  }
  return out;
}

Result<void> stage(const fs::path& partial, ByteView metadata_json, const Manifest& manifest) {
  fs::path staging = partial / k_staging;
  EAI_CHECK(make_folders(staging, 0700));
  EAI_CHECK(write_file_atomic(staging / k_metadata_file, metadata_json));
  EAI_CHECK(write_file_atomic(staging / k_manifest_file, view_of(to_json(manifest))));
  std::set<fs::path> folders = {staging};
  for (const StoredFile& file : manifest.files) {
    fs::path to = staging / file.name;
    EAI_CHECK(make_folders(to.parent_path(), 0700));
    EAI_CHECK(rename_quickly(partial / file.name, to));
    for (fs::path folder = to.parent_path(); folder != staging; folder = folder.parent_path()) folders.insert(folder);
  }
  for (const fs::path& folder : folders) EAI_CHECK(sync_path(folder));
  return {};
}

}  // namespace

Result<fs::path> Store::partial_folder(const ModelLock& lock) const {
  fs::path folder = paths_.partial(lock.id());
  EAI_CHECK(make_folders(folder, 0700));
  EAI_CHECK(roll_back(folder));
  return folder;
}

// One rename takes it out of sight; then it is removed. What a crash or a failure leaves of it goes with the next
// sweep().
Result<void> Store::throw_away(const fs::path& folder) const {
  static std::atomic<unsigned> count = 0;
  fs::path trash =
      paths_.trash() / (folder.filename().string() + "." + std::to_string(::getpid()) + "." + std::to_string(count++));
  EAI_CHECK(make_folders(paths_.trash(), 0700));
  EAI_CHECK(eai::remove_all(trash));  // left by a process of the same number before the machine was restarted
  EAI_CHECK(rename_quickly(folder, trash));
  EAI_CHECK(sync_path(folder.parent_path()));
  return eai::remove_all(trash);
}

Result<Model> Store::commit(const ModelLock& lock, ByteView metadata_json, Origin origin,
                            const std::vector<StoredFile>& files, const Trees& trees) const {
  EAI_CHECK(ipld::verify_content(lock.id(), metadata_json));
  EAI_TRY(const model::Metadata metadata, model::parse_metadata(metadata_json));
  EAI_CHECK(check_trees(metadata, trees));
  if (auto here = find(lock.id()); !here && here.error().code == Code::unsupported) {
    return Failure(std::move(here).error());
  }
  EAI_TRY(fs::path partial, partial_folder(lock));
  EAI_CHECK(check_files(partial, files));
  Manifest manifest{origin, std::chrono::system_clock::now(), files};
  fs::path target = paths_.model(lock.id());
  auto placed = [&]() -> Result<void> {
    EAI_CHECK(make_folders(paths_.models(), 0700));
    if (!trees.empty()) {
      EAI_TRY(manifest.trees, write_trees(partial / k_staging, trees));
    }
    EAI_CHECK(stage(partial, metadata_json, manifest));
    std::error_code ignored;
    if (fs::exists(target, ignored)) EAI_CHECK(throw_away(target));
    return rename_synced(partial / k_staging, target);
  }();
  if (!placed) {
    // The first error is the one to tell. If rolling back fails too, the next partial_folder() does it again.
    (void)roll_back(partial);
    return Failure(std::move(placed).error().with("storing the model " + lock.id().str()));
  }
  // The model is here, whatever becomes of the rest.
  if (auto gone = throw_away(partial); !gone) log::info("removing a finished download: {}", gone.error().message);
  return find(lock.id());
}

Result<void> Store::drop_partial(const ModelLock& lock) const {
  std::error_code ignored;
  if (!fs::exists(paths_.partial(lock.id()), ignored)) return {};
  return throw_away(paths_.partial(lock.id()));
}

// The model goes last but one: as long as it is here, the same call removes the rest. The lock goes last: from then on
// others may have a new one.
Result<void> Store::remove(ModelLock lock) const {
  const ipld::Cid& id = lock.id();
  std::error_code ignored;
  const bool has_model = fs::exists(paths_.model(id), ignored);
  const bool found = has_model || fs::exists(paths_.partial(id), ignored);
  if (found) {
    for (const fs::path& list : paths_.block_lists_of(id)) EAI_CHECK(eai::remove_all(list));
    EAI_CHECK(drop_partial(lock));
    if (has_model) EAI_CHECK(throw_away(paths_.model(id)));
  }
  EAI_CHECK(eai::remove_all(paths_.lock(id)));
  if (!found) return fail(Code::not_found, id.str() + " is not in the store");
  return {};
}

}  // namespace eai::store
