// Reading a stored model's bytes again, and remembering what was found.
#include <algorithm>
#include <random>

#include <fcntl.h>
#include <sys/stat.h>

#include "ipld/file_hasher.h"
#include "store/leaf_check.h"
#include "store/manifest.h"
#include "store/own_leaves.h"
#include "store/store.h"
#include "store/trees.h"
#include "util/log.h"

namespace eai::store {

static constexpr std::size_t k_piece = 1 * k_mib;

namespace {

Result<void> hash_with(ipld::FileHasher& hasher, const fs::path& path,
                       const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop) {
  EAI_TRY(UniqueFd fd, open_file(path, O_RDONLY | O_NOFOLLOW));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("reading " + path.string(), errno);
  auto size = static_cast<std::uint64_t>(info.st_size);
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
  return {};
}

}  // namespace

Result<ipld::Sha256> hash_file(const fs::path& path, const std::function<void(std::uint64_t)>& progress,
                               const std::stop_token& stop) {
  ipld::FileHasher hasher;
  EAI_CHECK(hash_with(hasher, path, progress, stop));
  return hasher.finish();
}

namespace {

using OnBytes = std::function<void(std::uint64_t)>;

// The tree of a stored file, if it was kept and is well.
std::optional<ipld::LeafTable> tree_of(const Model& model, const StoredFile& file) {
  if (model.leaves) {
    auto leaves = read_leaves(model, file);
    return leaves ? std::optional(*std::move(leaves)) : std::nullopt;
  }
  const model::Metadata& metadata = model.metadata;
  if (metadata.format != model::Format::unixfs) return std::nullopt;
  for (std::size_t i = 0; i < metadata.files.size(); ++i) {
    if (stored_name(metadata.folder_name, metadata.task, metadata.files[i].file_name) != file.name) continue;
    auto leaves = read_tree(model, i);
    if (!leaves || leaves->size() != file.size) return std::nullopt;
    // A file may be one raw block of any size, which is read in pieces.
    for (std::size_t leaf = 0; leaf < leaves->count(); ++leaf)
      if (leaves->range(leaf).size() > ipld::k_block_limit) return std::nullopt;
    return *std::move(leaves);
  }
  return std::nullopt;
}

// Nothing if the file is what it was. `own` gets the hashes of its leaves if the whole was hashed.
Result<std::optional<ChangedFile>> check_file(const Model& model, const StoredFile& file, const OnBytes& report,
                                              const std::stop_token& stop, std::vector<ipld::Sha256>& own) {
  ChangedFile changed{file.name};
  const auto leaves = tree_of(model, file);
  bool certain = false;  // that what does not fit has changed
  if (leaves) {
    EAI_TRY(const auto damaged, find_damaged_leaves(model.folder / file.name, *leaves, report, stop));
    if (damaged.empty()) return std::nullopt;
    changed.leaves = leaves->count();
    for (const std::size_t leaf : damaged) {
      changed.damage.push_back(leaves->range(leaf));
      certain = certain || leaves->kind(leaf) == ipld::LeafKind::raw;
    }
  }
  // A writer may wrap leaves in an unusual way, which only the whole file's hash can tell from damage.
  if (!certain) {
    ipld::FileHasher hasher;
    EAI_CHECK(hash_with(hasher, model.folder / file.name, leaves ? OnBytes() : report, stop));
    const ipld::Sha256 whole = hasher.finish();
    own = hasher.leaves();
    if (ipld::matches(file.sha256, whole)) return std::nullopt;
  }
  return changed;
}

// Clocks of file systems are coarse, and the files were synced after the time that the manifest has.
constexpr std::chrono::seconds k_clock_slack{3};

bool was_written_since(const fs::path& file, std::chrono::system_clock::time_point then) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0) return true;
  return std::chrono::system_clock::from_time_t(info.st_mtime) > then + k_clock_slack;
}

}  // namespace

Result<bool> Store::seems_whole(const Model& model, std::size_t leaves) const {
  std::mt19937_64 random{std::random_device{}()};
  for (const StoredFile& file : model.files) {
    const fs::path path = model.folder / file.name;
    if (was_written_since(path, model.created)) return false;
    const auto tree = tree_of(model, file);
    if (!tree || tree->count() == 0) continue;
    EAI_TRY(const UniqueFd fd, open_file(path, O_RDONLY | O_NOFOLLOW));
    // Each file gets its share, and at least one.
    const auto share = static_cast<double>(file.size) / static_cast<double>(std::max<std::uint64_t>(model.size(), 1));
    const auto count = std::min(tree->count(), static_cast<std::size_t>(share * static_cast<double>(leaves)) + 1);
    std::uniform_int_distribution<std::size_t> any(0, tree->count() - 1);
    Bytes content;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t leaf = count == tree->count() ? i : any(random);
      content.resize(tree->range(leaf).size());
      if (!read_at(fd.get(), tree->range(leaf).begin, content) || !tree->proves(leaf, content)) return false;
    }
  }
  return true;
}

Result<std::vector<ChangedFile>> Store::check(const ipld::Cid& id, const CheckProgress& progress,
                                              const std::stop_token& stop) const {
  Manifest manifest;
  EAI_TRY(const Model model, load(id, manifest));
  std::uint64_t done = 0;
  const auto report = [&](std::uint64_t more) {
    done += more;
    if (progress) progress(done, model.size());
  };
  std::vector<ChangedFile> changed;
  std::vector<std::string> names;
  FileLeaves own;
  for (const StoredFile& file : model.files) {
    EAI_TRY(auto found, check_file(model, file, report, stop, own.emplace_back()));
    if (!found) continue;
    names.push_back(file.name);
    changed.push_back(*std::move(found));
  }
  // The next check can say where, and has all cores.
  if (names.empty() && !model.trees && !read_leaves(model, model.files.front())) {
    auto held = lock(id, FileLock::Wait::no);
    auto kept = held ? keep_leaves(*held, model, own) : Failure(std::move(held).error());
    if (!kept) log::info("keeping the leaf hashes that a check found: {}", kept.error().message);
  }
  if (names != manifest.damaged) {
    // The verdict counts even where it cannot be noted.
    if (auto noted = note_damage(id, manifest, names); !noted) log::info("noting a check: {}", noted.error().message);
  }
  return changed;
}

// Does nothing if the model has been replaced while it was read.
Result<void> Store::note_damage(const ipld::Cid& id, const Manifest& seen, std::vector<std::string> names) const {
  EAI_TRY(ModelLock held, lock(id, FileLock::Wait::no));
  Manifest manifest;
  EAI_TRY(Model model, load(id, manifest));
  if (manifest.created != seen.created || manifest.damaged != seen.damaged) return {};
  const fs::path file = model.folder / k_manifest_file;
  EAI_TRY(const Bytes before, read_file(file, k_manifest_limit));
  EAI_TRY(const std::string after, with_damage(before, names));
  return write_file_atomic(file, view_of(after));
}

}  // namespace eai::store
