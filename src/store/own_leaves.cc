#include "store/own_leaves.h"

#include <algorithm>
#include <utility>

#include "ipld/file_hasher.h"
#include "store/manifest.h"
#include "util/own_folder.h"

namespace eai::store {
namespace {

using ipld::FileHasher;
using ipld::Sha256;

std::uint64_t leaves_of(const StoredFile& file) { return (file.size + FileHasher::k_leaf - 1) / FileHasher::k_leaf; }

Result<Bytes> read_hashes(const Model& model) {
  if (!model.leaves) return fail(Code::not_found, "no leaf hashes are kept with the model " + model.id.str());
  const fs::path path = model.folder / model.leaves->name;
  EAI_TRY(const UniqueFd fd, open_believable(path));
  EAI_TRY(Bytes hashes, read_all(fd.get(), path, model.leaves->size));
  std::uint64_t count = 0;
  for (const StoredFile& file : model.files) count += leaves_of(file);
  if (hashes.size() == count * sizeof(Sha256) && ipld::matches(model.leaves->sha256, ipld::sha256(hashes)))
    return hashes;
  return fail(Code::corrupt, path.string() + " changed on this disk");
}

}  // namespace

Result<ipld::LeafTable> read_leaves(const Model& model, const StoredFile& file) {
  EAI_TRY(const Bytes hashes, read_hashes(model));
  ByteView rest = hashes;
  for (const StoredFile& one : model.files) {
    const ByteView own = rest.first(static_cast<std::size_t>(leaves_of(one) * sizeof(Sha256)));
    rest = rest.subspan(own.size());
    if (one.name != file.name) continue;
    ipld::LeafTable out;
    for (std::uint64_t at = 0; at < one.size; at += FileHasher::k_leaf) {
      const ByteView hash =
          own.subspan(static_cast<std::size_t>(at / FileHasher::k_leaf * sizeof(Sha256)), sizeof(Sha256));
      const auto cid = ipld::Cid::v1(ipld::Codec::raw, {ipld::HashCode::sha2_256, Bytes(hash.begin(), hash.end())});
      out.append(out.name_of(cid, ipld::LeafKind::raw), std::min(FileHasher::k_leaf, one.size - at));
    }
    return out;
  }
  return fail(Code::not_found, file.name + " is no file of the model " + model.id.str());
}

Result<void> Store::keep_leaves(const ModelLock& lock, const Model& model, const FileLeaves& leaves) const {
  const auto fits = [](const StoredFile& file, const auto& own) { return leaves_of(file) == own.size(); };
  if (!std::ranges::equal(model.files, leaves, fits))
    return fail(Code::invalid, "the leaves are not those of the files");
  Bytes hashes;
  for (const auto& own : leaves)
    for (const Sha256& hash : own) hashes.insert(hashes.end(), hash.begin(), hash.end());
  const StoredFile kept{std::string(k_leaves_file), hashes.size(), ipld::sha256(hashes)};
  Manifest manifest;
  EAI_TRY(const Model now, load(lock.id(), manifest));
  if (now.created != model.created) return fail(Code::busy, "the model was replaced while it was hashed");
  EAI_CHECK(make_folders((now.folder / kept.name).parent_path(), 0700));
  EAI_CHECK(write_file_atomic(now.folder / kept.name, hashes));
  const fs::path file = now.folder / k_manifest_file;
  EAI_TRY(const Bytes before, read_file(file, k_manifest_limit));
  EAI_TRY(const std::string after, with_leaves(before, kept));
  return write_file_atomic(file, view_of(after));
}

}  // namespace eai::store
