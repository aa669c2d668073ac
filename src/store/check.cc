// Reading a stored model's bytes again, and remembering what was found.
#include <algorithm>

#include <fcntl.h>
#include <spdlog/fmt/ranges.h>
#include <sys/stat.h>

#include "ipld/hash.h"
#include "store/manifest.h"
#include "store/store.h"
#include "util/log.h"

namespace eai::store {

static constexpr std::size_t k_piece = 1 * k_mib;

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
    if (!ipld::matches(file.sha256, hash)) bad.push_back(file.name);
  }
  if (bad != manifest.damaged) {
    // The verdict counts even where it cannot be noted.
    if (auto noted = note_damage(id, manifest, bad); !noted) log::info("noting a check: {}", noted.error().message);
  }
  if (bad.empty()) return {};
  return fail(Code::corrupt,
              fmt::format("{} of {} changed on this disk: the SHA-256 does not match", fmt::join(bad, ", "), id.str()));
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
