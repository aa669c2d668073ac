// Why: what is on this disk. Before commit() there is nothing of a model, after it there is a whole one.
// Thread: any; several processes may use one store at once (file locks). Blocking disk I/O.
// What holds: layout below <home> (ARCHITECTURE.md, "On disk"):
//   models/<cid>/metadata.json    exactly the bytes whose hash is <cid>
//   models/<cid>/manifest.json    size and SHA-256 of every file beside it, and where it came from
//   models/<cid>/model.gguf, projector.gguf, or payload/… for a model of several files
//   partial/<cid>/…               parts and their journal; locks/<cid>.lock
// Paths are made from decoded CIDs and fixed names only.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "content/cid.h"
#include "content/metadata.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::store {

enum class Origin {
  downloaded,  // every byte was verified against the CID on its way in
  preserved,   // made here by `eai model preserve`
  adopted,     // taken over from the Python tool; metadata verified, model file hashed as it was found
};

struct StoredFile {
  std::string name;  // relative to the model's folder: "model.gguf", "projector.gguf", "payload/…"
  std::uint64_t size = 0;
  content::Sha256 sha256{};
};

struct Model {
  content::Cid id;
  content::Metadata metadata;
  Origin origin = Origin::downloaded;
  fs::path folder;
  std::vector<StoredFile> files;
  std::uint64_t size() const;                     // bytes of all files
  std::optional<fs::path> gguf() const;           // models of one GGUF
  std::optional<fs::path> projector() const;
};

// Exclusive right to download, commit or remove one model. Held by one process; freed when it dies.
class ModelLock {
 public:
  const content::Cid& id() const { return id_; }

 private:
  friend class Store;
  ModelLock(content::Cid id, FileLock lock) : id_(std::move(id)), lock_(std::move(lock)) {}
  content::Cid id_;
  FileLock lock_;
};

class Store {
 public:
  // Creates the folders that are missing.
  static Result<Store> open(const fs::path& home);

  Result<std::vector<Model>> list() const;  // by folder_name; damaged entries are skipped and logged
  Result<Model> find(const content::Cid& id) const;  // Code::not_found; the folder's metadata is checked against id

  // Wait::no: Code::busy if another process works on it.
  Result<ModelLock> lock(const content::Cid& id, FileLock::Wait wait) const;

  // The folder for a download in progress; created when missing. What lies there after a crash is the caller's to
  // judge by its own journal.
  Result<fs::path> partial_folder(const ModelLock& lock) const;

  // `files` lie in the partial folder under their final relative names, complete and verified. Syncs them, writes
  // metadata.json and manifest.json, renames the whole into place, removes the partial folder.
  Result<Model> commit(const ModelLock& lock, ByteView metadata_json, Origin origin,
                       std::vector<StoredFile> files);

  Result<void> remove(const ModelLock& lock);

  // Every file is read and hashed again. Progress in bytes read. Code::corrupt names the file.
  Result<void> check(const content::Cid& id, const std::function<void(std::uint64_t)>& progress) const;

 private:
  explicit Store(fs::path home) : home_(std::move(home)) {}
  fs::path home_;
};

}  // namespace eai::store
