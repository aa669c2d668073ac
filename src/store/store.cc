#include "store/store.h"

#include <algorithm>
#include <set>

#include <spdlog/fmt/ranges.h>
#include <sys/stat.h>

#include "ipld/unixfs.h"
#include "store/manifest.h"
#include "util/log.h"
#include "util/own_folder.h"

namespace eai::store {
namespace {

// The names in a folder, sorted. A folder that does not exist has none.
Result<std::vector<std::string>> names_in(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    out.push_back(it->path().filename().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(Code::io, "reading the folder " + folder.string() + ": " + error.message());
  }
  std::sort(out.begin(), out.end());
  return out;
}

// The CID that a name is, if it is one in canonical form.
std::optional<ipld::Cid> id_of(const std::string& name) {
  auto id = ipld::Cid::parse(name);
  if (!id || id->str() != name) return std::nullopt;
  return *std::move(id);
}

// The size of a regular file; a link is not one.
Result<std::uint64_t> size_of(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    int error_number = errno;
    if (error_number == ENOENT) return fail(Code::corrupt, path.filename().string() + " is missing");
    return fail_errno("reading " + path.string(), error_number);
  }
  if (!S_ISREG(info.st_mode)) return fail(Code::corrupt, path.filename().string() + " is not a regular file");
  return static_cast<std::uint64_t>(info.st_size);
}

Result<Bytes> read_document(const fs::path& path, std::uint64_t limit) {
  const auto open = open_believable(path);
  auto bytes = open ? read_all(open->get(), path, limit) : Failure(open.error());
  if (!bytes && bytes.error().code == Code::not_found) {
    return fail(Code::corrupt, path.filename().string() + " is missing");
  }
  return bytes;
}

}  // namespace

std::uint64_t Model::size() const {
  std::uint64_t sum = 0;
  for (const StoredFile& file : files) sum += file.size;
  return sum;
}

template <typename Rule>
static std::optional<fs::path> path_of(const Model& model, const Rule& fits) {
  const auto found = std::find_if(model.files.begin(), model.files.end(), [&](const auto& f) { return fits(f.name); });
  return found == model.files.end() ? std::nullopt : std::optional(model.folder / found->name);
}

std::optional<fs::path> Model::gguf() const { return path_of(*this, is_first_name); }
std::optional<fs::path> Model::projector() const {
  return path_of(*this, [](std::string_view name) { return name == k_projector_file; });
}
fs::path Model::payload() const { return folder / k_payload_folder; }

Result<Store> Store::open(const fs::path& home) {
  std::error_code ignored;
  if (fs::exists(home, ignored) && !fs::is_directory(home, ignored)) {
    return fail(Code::invalid, home.string() + " is not a folder, so models cannot be kept there");
  }
  const HomePaths paths{home};
  for (const fs::path& folder : {home, paths.models(), paths.partials(), paths.trash()}) {
    const auto own = OwnFolder::open(folder, Privacy::open);
    // One that is missing or cannot be reached is as good as empty, and what needs it says so.
    if (!own && own.error().code == Code::invalid) return Failure(own.error());
  }
  return Store(home);
}

// Everything except what a check noted. The manifest's format comes first: of a newer one nothing else is known.
Result<Model> Store::load(const ipld::Cid& id, Manifest& manifest) const {
  fs::path folder = paths_.model(id);
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return fail(Code::not_found, id.str() + " is not in the store");
  auto unusable = [&](Error error) { return Failure(std::move(error).with("the stored model " + id.str())); };
  auto manifest_json = read_document(folder / k_manifest_file, k_manifest_limit);
  if (!manifest_json) return unusable(std::move(manifest_json).error());
  auto parsed = parse_manifest(*manifest_json);
  if (!parsed) return unusable(std::move(parsed).error());
  manifest = *std::move(parsed);
  auto metadata_json = read_document(folder / k_metadata_file, model::k_metadata_limit);
  if (!metadata_json) return unusable(std::move(metadata_json).error());
  if (auto fits = ipld::verify_content(id, *metadata_json); !fits) {
    return unusable(std::move(fits).error().with(k_metadata_file));
  }
  auto metadata = model::parse_metadata(*metadata_json);
  if (!metadata) return unusable(std::move(metadata).error());
  for (const StoredFile& file : manifest.files) {
    auto size = size_of(folder / file.name);
    if (!size) return unusable(std::move(size).error());
    if (*size != file.size) {
      return unusable(Error{Code::corrupt, file.name + " has " + std::to_string(*size) + " bytes instead of " +
                                               std::to_string(file.size)});
    }
  }
  return Model{id,
               *std::move(metadata),
               manifest.origin,
               manifest.created,
               std::move(folder),
               manifest.files,
               manifest.trees,
               manifest.leaves};
}

Result<Model> Store::find(const ipld::Cid& id) const {
  Manifest manifest;
  EAI_TRY(Model model, load(id, manifest));
  if (manifest.damaged.empty()) return model;
  return fail(Code::corrupt, fmt::format("the stored model {}: a check found that {} changed on this disk", id.str(),
                                         fmt::join(manifest.damaged, ", ")));
}

// Empty if its metadata cannot be believed.
static std::string folder_name_of(const ipld::Cid& id, const fs::path& folder) {
  const auto bytes = read_document(folder / k_metadata_file, model::k_metadata_limit);
  if (!bytes || !ipld::verify_content(id, *bytes)) return "";
  const auto metadata = model::parse_metadata(*bytes);
  return metadata ? metadata->folder_name : "";
}

Result<Contents> Store::list() const {
  Contents out;
  std::set<std::string> settled;  // beside these, a download is a leftover
  EAI_TRY(const auto names, names_in(paths_.models()));
  for (const std::string& name : names) {
    const auto id = id_of(name);
    if (!id) {
      out.damaged.push_back({name, std::nullopt, "the folder's name is not a CID"});
      continue;
    }
    auto model = find(*id);
    if (model || model.error().code == Code::unsupported) settled.insert(name);
    if (model) {
      out.models.push_back(*std::move(model));
    } else if (model.error().code == Code::unsupported) {
      out.newer.push_back({*id, std::move(model).error().message});
    } else if (model.error().code != Code::not_found) {  // that is one which was removed while we looked
      out.damaged.push_back({name, *id, std::move(model).error().message, folder_name_of(*id, paths_.model(*id))});
    }
  }
  std::stable_sort(out.models.begin(), out.models.end(),
                   [](const Model& a, const Model& b) { return a.metadata.folder_name < b.metadata.folder_name; });
  EAI_TRY(const auto begun, names_in(paths_.partials()));
  for (const std::string& name : begun) {
    const auto id = id_of(name);
    if (!id || settled.contains(name)) continue;
    const auto held = FileLock::is_held(paths_.lock(*id));  // a lock that cannot be read belongs to somebody else
    out.unfinished.push_back({*id, bytes_below(paths_.partial(*id)), held.value_or(true)});
  }
  return out;
}

Result<ModelLock> Store::lock(const ipld::Cid& id, FileLock::Wait wait) const {
  EAI_TRY(const OwnFolder locks, OwnFolder::make(paths_.locks(), Privacy::secret));
  auto taken = locks.lock(paths_.lock(id).filename().string(), wait);
  if (!taken && taken.error().code == Code::busy) {
    return fail(Code::busy, "another eai is working on " + id.str() + " now");
  }
  if (!taken) return Failure(std::move(taken).error());
  return ModelLock(id, *std::move(taken));
}

// A crash right after a commit's rename leaves the model together with what its download needed. Only the model is of
// use.
void Store::sweep_partials() const {
  for (const std::string& name : names_in(paths_.partials()).value_or(std::vector<std::string>())) {
    const auto id = id_of(name);
    std::error_code ignored;
    if (!id || !fs::exists(paths_.model(*id), ignored)) continue;
    const auto held = lock(*id, FileLock::Wait::no);
    if (!held || !find(*id)) continue;
    if (auto dropped = drop_partial(*held); !dropped) log::info("sweeping: {}", dropped.error().message);
  }
}

// A download that found nothing leaves its lock.
void Store::sweep_locks() const {
  for (const std::string& name : names_in(paths_.locks()).value_or(std::vector<std::string>())) {
    const auto id = id_of(fs::path(name).stem().string());
    std::error_code ignored;
    if (!id || fs::exists(paths_.model(*id), ignored) || fs::exists(paths_.partial(*id), ignored)) continue;
    const auto held = lock(*id, FileLock::Wait::no);
    if (!held || fs::exists(paths_.partial(*id), ignored)) continue;  // begun while we looked
    if (auto gone = eai::remove_all(paths_.lock(*id)); !gone) log::info("sweeping: {}", gone.error().message);
  }
}

void Store::sweep() const {
  for (const std::string& name : names_in(paths_.trash()).value_or(std::vector<std::string>())) {
    if (auto gone = eai::remove_all(paths_.trash() / name); !gone) log::info("sweeping: {}", gone.error().message);
  }
  sweep_partials();
  sweep_locks();
}

}  // namespace eai::store
