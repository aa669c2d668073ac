// Why: what is on this disk. Before commit() there is nothing of a model, after it there is a whole one.
// Thread: any; several processes may use one store at once (file locks). Blocking disk I/O.
// What holds: layout below <home>:
//   models/<cid>/metadata.json    exactly the bytes whose hash is <cid>
//   models/<cid>/manifest.json    size and SHA-256 of every file beside it, and where it came from (manifest.h)
//   models/<cid>/model.gguf, projector.gguf, or payload/… for a model of several files
//   partial/<cid>/…               parts and their journal, the caller's; "commit" in it is this room's
//   trash/…                       what is being removed: never read
//   locks/<cid>.lock
// Paths are made from decoded CIDs, fixed names and checked payload names only.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipld/cid.h"
#include "model/metadata.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::store {

struct Manifest;

enum class Origin {
  downloaded,  // every byte was verified against the CID on its way in
  preserved,   // made here by `eai model preserve`
  adopted,     // taken over from the Python tool; metadata verified, model file hashed as it was found
};
std::string_view name_of(Origin origin);

struct StoredFile {
  std::string name;  // relative to the model's folder: "model.gguf", "projector.gguf", "payload/…"
  std::uint64_t size = 0;
  ipld::Sha256 sha256{};
};

struct Model {
  ipld::Cid id;
  model::Metadata metadata;
  Origin origin = Origin::downloaded;
  std::chrono::system_clock::time_point created{};  // when it came into the store
  fs::path folder;
  std::vector<StoredFile> files;
  std::uint64_t size() const;            // bytes of all files
  std::optional<fs::path> gguf() const;  // models of one GGUF
  std::optional<fs::path> projector() const;
};

// A folder in models/ that is not a whole model: its files or documents are missing, changed or unreadable.
struct Damaged {
  std::string name;  // of the folder; the CID's text where it is one
  std::optional<ipld::Cid> id;
  std::string why;
};

// A download that was begun. `busy`: a process works on it at this moment.
struct Unfinished {
  ipld::Cid id;
  std::uint64_t bytes = 0;  // on disk
  bool busy = false;
};

struct Contents {
  std::vector<Model> models;  // by folder_name, then id
  std::vector<Damaged> damaged;
  std::vector<Unfinished> unfinished;
};

// Exclusive right to download, commit or remove one model. Held by one process; freed when it dies.
class ModelLock {
 public:
  const ipld::Cid& id() const { return id_; }

 private:
  friend class Store;
  ModelLock(ipld::Cid id, FileLock lock) : id_(std::move(id)), lock_(std::move(lock)) {}
  ipld::Cid id_;
  FileLock lock_;
};

class Store {
 public:
  // Creates the folders that are missing, and sweeps what a crash left in trash/ and in partial/ beside a whole model
  // (a failure to sweep is no failure to open).
  static Result<Store> open(const fs::path& home);

  const fs::path& home() const { return home_; }

  Result<Contents> list() const;

  // Code::not_found when it is not here; Code::corrupt or invalid when it is damaged: the metadata is hashed against
  // the id, every file of the manifest must be there in its size, and no check() may have found it changed.
  Result<Model> find(const ipld::Cid& id) const;

  // Wait::no: Code::busy if another process works on it. Wait::yes blocks.
  Result<ModelLock> lock(const ipld::Cid& id, FileLock::Wait wait) const;

  // The folder for a download in progress; created when missing. What lies there after a crash is the caller's to
  // judge by its own journal; files of a commit that did not end are back where they were before it.
  Result<fs::path> partial_folder(const ModelLock& lock) const;

  // `files` lie in the partial folder under their final relative names, complete and verified. Syncs them, writes
  // metadata.json and manifest.json, renames the whole into place, removes the partial folder. A damaged model under
  // the same id is replaced. After a failure the partial folder is as it was and nothing new is in models/.
  Result<Model> commit(const ModelLock& lock, ByteView metadata_json, Origin origin,
                       const std::vector<StoredFile>& files) const;

  // The model, whole or damaged, and what there is of a download of it. For readers it is gone in one step; who
  // has its files open keeps them. Code::not_found if there is nothing.
  Result<void> remove(const ModelLock& lock) const;

  // Every file is read and hashed again; progress in bytes read so far of all, from this thread. Code::corrupt names
  // the files that changed and is noted in the manifest: find() then refuses the model until a later check finds it
  // well or commit() replaces it. Else as find(); Code::cancelled when `stop` was asked for.
  using CheckProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;
  Result<void> check(const ipld::Cid& id, const CheckProgress& progress, const std::stop_token& stop) const;

 private:
  explicit Store(fs::path home) : home_(std::move(home)) {}
  fs::path model_folder(const ipld::Cid& id) const;
  Result<Model> load(const ipld::Cid& id, Manifest& manifest) const;
  Result<void> note_damage(const ipld::Cid& id, const Manifest& seen, std::vector<std::string> names) const;
  void sweep_partial() const;
  Result<void> throw_away(const fs::path& folder) const;
  Result<Unfinished> unfinished(const ipld::Cid& id, const fs::path& folder) const;
  fs::path home_;
};

// SHA-256 of a file, read in pieces; `progress` gets the bytes of each piece. Code::cancelled when stopped.
Result<ipld::Sha256> hash_file(const fs::path& path, const std::function<void(std::uint64_t)>& progress,
                               const std::stop_token& stop);

}  // namespace eai::store
