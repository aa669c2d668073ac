#include "store/store.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>

#include "ipld/hash.h"
#include "ipld/unixfs.h"
#include "store/manifest.h"
#include "util/log.h"

namespace eai::store {
namespace {

constexpr std::size_t k_piece = 1 * k_mib;

// The names in a folder, sorted; a folder that is not there has none.
Result<std::vector<std::string>> names_in(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    out.push_back(it->path().filename().string());
  }
  if (error) return fail(Code::io, "reading the folder " + folder.string() + ": " + error.message());
  std::sort(out.begin(), out.end());
  return out;
}

// The CID that a folder's name is, if it is one in canonical form.
std::optional<ipld::Cid> id_of(const std::string& name) {
  auto id = ipld::Cid::parse(name);
  if (!id || id->str() != name) return std::nullopt;
  return *std::move(id);
}

void sweep_trash(const fs::path& trash) {
  auto names = names_in(trash);
  if (!names) return;
  for (const std::string& name : *names) {
    if (auto removed = eai::remove_all(trash / name); !removed) log::info("sweeping: {}", removed.error().message);
  }
}

// The size of a regular file that is not a link.
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
  auto bytes = read_file(path, limit);
  if (!bytes && bytes.error().code == Code::not_found) {
    return fail(Code::corrupt, path.filename().string() + " is missing");
  }
  return bytes;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

std::uint64_t Model::size() const {
  std::uint64_t sum = 0;
  for (const StoredFile& file : files) sum += file.size;
  return sum;
}

static std::optional<fs::path> path_of(const Model& model, std::string_view name) {
  for (const StoredFile& file : model.files) {
    if (file.name == name) return model.folder / name;
  }
  return std::nullopt;
}

std::optional<fs::path> Model::gguf() const { return path_of(*this, "model.gguf"); }
std::optional<fs::path> Model::projector() const { return path_of(*this, "projector.gguf"); }

Result<Store> Store::open(const fs::path& home) {
  for (const char* name : {"models", "partial", "trash", "locks"}) EAI_CHECK(make_folders(home / name, 0700));
  sweep_trash(home / "trash");
  Store store(home);
  store.sweep_partial();
  return store;
}

// A crash right after a commit's rename leaves the model and what its download needed. Only the model has a use.
void Store::sweep_partial() const {
  auto names = names_in(home_ / "partial");
  if (!names) return;
  for (const std::string& name : *names) {
    std::error_code ignored;
    auto id = id_of(name);
    if (!id || !fs::exists(model_folder(*id), ignored)) continue;
    auto held = lock(*id, FileLock::Wait::no);
    if (!held || !find(*id)) continue;
    if (auto removed = throw_away(home_ / "partial" / name); !removed)
      log::info("sweeping: {}", removed.error().message);
  }
}

fs::path Store::model_folder(const ipld::Cid& id) const { return home_ / "models" / id.str(); }

// Everything but what a check noted.
Result<Model> Store::load(const ipld::Cid& id, Manifest& manifest) const {
  fs::path folder = model_folder(id);
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return fail(Code::not_found, id.str() + " is not in the store");
  auto damaged = [&](Error error) { return Failure(std::move(error).with("the stored model " + id.str())); };
  auto metadata_json = read_document(folder / "metadata.json", model::k_metadata_limit);
  if (!metadata_json) return damaged(std::move(metadata_json).error());
  if (auto fits = ipld::verify_content(id, *metadata_json); !fits) {
    return damaged(std::move(fits).error().with("metadata.json"));
  }
  auto metadata = model::parse_metadata(*metadata_json);
  if (!metadata) return damaged(std::move(metadata).error());
  auto manifest_json = read_document(folder / "manifest.json", k_manifest_limit);
  if (!manifest_json) return damaged(std::move(manifest_json).error());
  auto parsed = parse_manifest(*manifest_json);
  if (!parsed) return damaged(std::move(parsed).error());
  manifest = *std::move(parsed);
  for (const StoredFile& file : manifest.files) {
    auto size = size_of(folder / file.name);
    if (!size) return damaged(std::move(size).error());
    if (*size != file.size) {
      return damaged(Error{Code::corrupt, file.name + " has " + std::to_string(*size) + " bytes, expected " +
                                              std::to_string(file.size)});
    }
  }
  return Model{id, *std::move(metadata), manifest.origin, manifest.created, std::move(folder), manifest.files};
}

Result<Model> Store::find(const ipld::Cid& id) const {
  Manifest manifest;
  EAI_TRY(Model model, load(id, manifest));
  if (manifest.damaged.empty()) return model;
  return fail(Code::corrupt, "the stored model " + id.str() + ": a check found that " + joined(manifest.damaged) +
                                 " changed on this disk");
}

Result<Unfinished> Store::unfinished(const ipld::Cid& id, const fs::path& folder) const {
  Unfinished out{id};
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;  // a file may go while we look
    if (!it->is_regular_file(gone)) continue;
    std::uint64_t size = it->file_size(gone);
    if (!gone) out.bytes += size;
  }
  auto held = lock(id, FileLock::Wait::no);
  if (!held && held.error().code != Code::busy) return Failure(std::move(held).error());
  out.busy = !held;
  return out;
}

Result<Contents> Store::list() const {
  Contents out;
  EAI_TRY(auto names, names_in(home_ / "models"));
  for (const std::string& name : names) {
    auto id = id_of(name);
    if (!id) {
      out.damaged.push_back({name, std::nullopt, "the folder's name is not a CID"});
      continue;
    }
    auto model = find(*id);
    if (model) {
      out.models.push_back(*std::move(model));
    } else if (model.error().code != Code::not_found) {  // removed while we looked
      out.damaged.push_back({name, *id, model.error().message});
    }
  }
  std::stable_sort(out.models.begin(), out.models.end(),
                   [](const Model& a, const Model& b) { return a.metadata.folder_name < b.metadata.folder_name; });
  EAI_TRY(auto begun, names_in(home_ / "partial"));
  for (const std::string& name : begun) {
    auto id = id_of(name);
    if (!id) continue;
    EAI_TRY(Unfinished entry, unfinished(*id, home_ / "partial" / name));
    out.unfinished.push_back(std::move(entry));
  }
  return out;
}

Result<ModelLock> Store::lock(const ipld::Cid& id, FileLock::Wait wait) const {
  auto taken = FileLock::take(home_ / "locks" / (id.str() + ".lock"), wait);
  if (!taken && taken.error().code == Code::busy) {
    return fail(Code::busy, "another eai works on " + id.str() + " now");
  }
  if (!taken) return Failure(std::move(taken).error());
  return ModelLock(id, *std::move(taken));
}

Result<ipld::Sha256> hash_file(const fs::path& path, const std::function<void(std::uint64_t)>& progress,
                               const std::stop_token& stop) {
  EAI_TRY(UniqueFd fd, open_file(path, O_RDONLY | O_NOFOLLOW));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("reading " + path.string(), errno);
  auto size = static_cast<std::uint64_t>(info.st_size);
  ipld::Sha256Hasher hasher;
  Bytes piece(std::min<std::uint64_t>(k_piece, size));
  for (std::uint64_t at = 0; at < size;) {
    if (stop.stop_requested()) return fail(Code::cancelled, "interrupted");
    std::span<std::uint8_t> into(piece.data(), std::min<std::uint64_t>(piece.size(), size - at));
    if (auto read = read_at(fd.get(), at, into); !read) {
      return Failure(std::move(read).error().with(path.string()));
    }
    hasher.update(into);
    at += into.size();
    if (progress) progress(into.size());
  }
  return hasher.finish();
}

Result<void> Store::check(const ipld::Cid& id, const CheckProgress& progress, const std::stop_token& stop) const {
  Manifest manifest;
  EAI_TRY(Model model, load(id, manifest));
  std::uint64_t done = 0;
  auto report = [&](std::uint64_t more) {
    done += more;
    if (progress) progress(done, model.size());
  };
  std::vector<std::string> bad;
  for (const StoredFile& file : model.files) {
    EAI_TRY(auto hash, hash_file(model.folder / file.name, report, stop));
    if (hash != file.sha256) bad.push_back(file.name);
  }
  if (bad != manifest.damaged) {
    // The verdict counts even where it cannot be noted.
    if (auto noted = note_damage(id, manifest, bad); !noted) log::info("noting a check: {}", noted.error().message);
  }
  if (bad.empty()) return {};
  return fail(Code::corrupt, joined(bad) + " of " + id.str() + " changed on this disk: the SHA-256 does not fit");
}

// Unless the model is another one by now: replaced while it was read.
Result<void> Store::note_damage(const ipld::Cid& id, const Manifest& seen, std::vector<std::string> names) const {
  EAI_TRY(ModelLock held, lock(id, FileLock::Wait::no));
  Manifest manifest;
  EAI_TRY(Model model, load(id, manifest));
  if (manifest.created != seen.created || manifest.damaged != seen.damaged) return {};
  manifest.damaged = std::move(names);
  return write_file_atomic(model.folder / "manifest.json", view_of(to_json(manifest)));
}

}  // namespace eai::store
