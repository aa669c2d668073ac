// Why: this is what lies on this disk. Before commit() nothing of a model is there; after it a whole model is.
// Thread: any; several processes may use one home at once (file locks). Every call blocks on the disk.
// What holds: the layout of a home is in file_names.h. Looking writes nothing: open(), list() and find() work on a home
// that cannot be written to or does not exist yet. Folders are created when something is first put into them. Every
// other call says what a failure leaves behind; after a crash, sweep() and partial_folder() put right what is half
// done. A model of a newer format (manifest.h) is told as such, and is left alone by everything except remove().
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipld/cid.h"
#include "ipld/tree_walk.h"
#include "model/metadata.h"
#include "store/file_names.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::store {

struct Manifest;

enum class Origin {
  downloaded,  // every byte was verified against the CID on its way in
  preserved,   // made here by `eai model preserve`
  adopted,     // taken over from the Python tool: the metadata was verified, the model file was hashed as it was found
};
std::string_view name_of(Origin origin);

struct StoredFile {
  std::string name;  // relative to the model's folder, as stored_name() gives it
  std::uint64_t size = 0;
  ipld::Sha256 sha256{};
};

using FileLeaves = std::vector<std::vector<ipld::Sha256>>;  // of each file, of each of its leaves

struct Model {
  ipld::Cid id;
  model::Metadata metadata;
  Origin origin = Origin::downloaded;
  std::chrono::system_clock::time_point created{};  // when it came into the store
  fs::path folder;
  std::vector<StoredFile> files;
  // What is kept of the trees of the metadata's files (trees.h); nothing: none were kept with this model.
  std::optional<std::vector<StoredFile>> trees = {};
  std::optional<StoredFile> leaves = {};  // hashes of its files' leaves, made here (own_leaves.h)
  std::uint64_t size() const;             // bytes of all files
  std::optional<fs::path> gguf() const;   // of a text model; of one in pieces the first
  std::optional<fs::path> projector() const;
  fs::path payload() const;  // the folder of an image model
};

// A folder in models/ that is not a whole model: its files or documents are missing, changed or unreadable.
struct Damaged {
  std::string name;  // of the folder; the CID's text if it is one
  std::optional<ipld::Cid> id;
  std::string why;
  std::string folder_name = {};  // of its metadata, unless those are damaged
};

// A model that a newer version of eai has stored. This version cannot tell whether it is whole.
struct Newer {
  ipld::Cid id;
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
  std::vector<Newer> newer;
  std::vector<Unfinished> unfinished;
};

// What a check found changed of one file.
struct ChangedFile {
  std::string name;
  std::uint64_t leaves = 0;            // of the file; 0: its tree is not kept, so that nobody knows which bytes changed
  std::vector<ByteRange> damage = {};  // the leaves that changed, as ranges of the file
};

// What can still be used of a model that is damaged.
struct Remains {
  fs::path folder;
  Bytes metadata;                        // those of the id; empty if they are gone
  std::vector<ipld::Block> tree_blocks;  // inner blocks of its files' trees, each hashed against its CID
  std::vector<std::string> changed;      // names of files that a check found changed
};

// The exclusive right to download, commit or remove one model. One process has it at a time, and loses it when it dies.
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
  // Creates nothing; a home that does not exist is an empty one. Code::invalid if `home` is something else than a
  // folder, or if it or a folder in it is not an open OwnFolder (util/own_folder.h).
  static Result<Store> open(const fs::path& home);

  const fs::path& home() const { return paths_.home; }

  // A download that sits beside a whole model is a leftover of a crash, not an unfinished download: it is not listed.
  Result<Contents> list() const;

  // Code::not_found if it is not here. Code::corrupt or invalid if it is damaged: the metadata is hashed against the
  // id, every file of the manifest must exist in its size, and no check() may have found it changed. Code::unsupported
  // if a newer version of eai has stored it.
  Result<Model> find(const ipld::Cid& id) const;

  // Removes what a crash left behind: what is in trash/, downloads beside whole models, and locks of models of which
  // nothing is here. Every command that writes to the store calls it first. What cannot be removed stays for the next
  // sweep, and the log says why. What another process works on is left alone.
  void sweep() const;

  // Wait::no: Code::busy if another process works on the model. Wait::yes blocks. After a failure there may be an empty
  // lock file.
  Result<ModelLock> lock(const ipld::Cid& id, FileLock::Wait wait) const;

  // The folder for a download in progress; it is created if it does not exist. After a crash the caller judges by its
  // own journal what lies in it; the files of a commit that did not finish are back where they were before. A failure
  // leaves nothing worse than it was: the next call goes on with putting files back.
  Result<fs::path> partial_folder(const ModelLock& lock) const;

  // `files` lie in the partial folder under their names in the store, complete and verified. `trees`: a walk that is
  // done for each of the metadata's files, in the same order; none if they are not known. Code::invalid if they are
  // others. Syncs the files, writes the trees, metadata.json and manifest.json, renames the whole into place and
  // removes the partial folder. A model that is here under the same id is replaced. After a failure the partial folder
  // is as it was and no new model is here, unless only the last sync failed; the model that was to be replaced may be
  // gone. Code::unsupported: a newer version of eai has stored this model, and it stays.
  Result<Model> commit(const ModelLock& lock, ByteView metadata_json, Origin origin,
                       const std::vector<StoredFile>& files, const std::vector<ipld::TreeWalk>& trees = {}) const;

  // Removes what there is of a download. It is not an error if there is nothing. After a failure a part of it may be
  // left, which partial_folder() still finds or the next sweep() removes.
  Result<void> drop_partial(const ModelLock& lock) const;

  // Removes all that is here of the model, whole or damaged or of a newer format: its download, the lists of its
  // blocks, its files, its lock. For readers it is gone in one step; a process that has its files open keeps them.
  // Code::not_found if there is neither a model nor a download. A failure may leave the model without its download and
  // lists; once its folder is out of the way only the bytes in trash/ can be left, and the next sweep() removes them.
  // Not the store's to remove: the journals of preserving, which belong to the user's own folder, and what engines have
  // left (engine/forget.h).
  Result<void> remove(ModelLock lock) const;

  // Reads and hashes every file again, leaf by leaf where its tree is kept; reports the bytes read so far of all, from this
  // thread. What changed is returned, and the manifest remembers it: find() then refuses the model until a later check()
  // finds it well or commit() replaces it. Fails otherwise as find() does; Code::cancelled if `stop` was requested. Such a
  // failure changes nothing.
  using CheckProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;
  Result<std::vector<ChangedFile>> check(const ipld::Cid& id, const CheckProgress& progress,
                                         const std::stop_token& stop) const;

  // Remembers what the leaves of a model's files hash to, which is found while they are hashed as a whole: `leaves` are those of
  // FileHasher for each of `model.files`, in their order. Code::invalid if they are not as many as the files have. A failure
  // leaves the model as it was.
  Result<void> keep_leaves(const ModelLock& lock, const Model& model, const FileLeaves& leaves) const;

  // A quick look, of some 50 ms: whether no file was written to since the model came, and `leaves` random leaves are what
  // they were, where trees are kept. False: a check() is due. Errors as those of check().
  Result<bool> seems_whole(const Model& model, std::size_t leaves) const;

  // Of a model that find() calls damaged. What is not there is empty.
  Remains remains(const ipld::Cid& id) const;

 private:
  explicit Store(fs::path home) : paths_{std::move(home)} {}
  Result<Model> load(const ipld::Cid& id, Manifest& manifest) const;
  Result<void> note_damage(const ipld::Cid& id, const Manifest& seen, std::vector<std::string> names) const;
  void sweep_partials() const;
  void sweep_locks() const;
  Result<void> throw_away(const fs::path& folder) const;
  HomePaths paths_;
};

// SHA-256 of a file, read in pieces; `progress` gets the bytes of each piece. Code::cancelled if stopped.
Result<ipld::Sha256> hash_file(const fs::path& path, const std::function<void(std::uint64_t)>& progress,
                               const std::stop_token& stop);

}  // namespace eai::store
