#include "library/keep.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "library/byte_progress.h"
#include "store/trees.h"

namespace eai::library {
namespace {

constexpr auto k_between_tries = std::chrono::milliseconds(100);

// What the format unixfs hashed already; zeros where there is no such file.
ipld::Sha256 sha256_in(const preserve::Outcome& outcome, const std::string& name) {
  for (const auto& file : outcome.metadata.files) {
    if (file.file_name == name) return file.sha256;
  }
  return {};
}

// Another process may hold it for as long as a download takes.
Result<store::ModelLock> lock_model(const store::Store& store, const ipld::Cid& id, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any tick;
  std::unique_lock guard(mutex);
  while (true) {
    auto lock = store.lock(id, FileLock::Wait::no);
    if (lock || lock.error().code != Code::busy) return lock;
    tick.wait_for(guard, stop, k_between_tries, [] { return false; });
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
  }
}

// The files of one model on their way into the store, and how far they are.
class Taking {
 public:
  Taking(const preserve::Folder& folder, const preserve::Outcome& outcome, fs::path to, store::Copying copying,
         Feed& feed)
      : folder_(folder),
        outcome_(outcome),
        to_(std::move(to)),
        copying_(copying),
        told_(feed, folder.name, outcome.hash.str()) {}

  Result<void> take(const preserve::SourceFile& source, const std::stop_token& stop) {
    const std::string name = store::stored_name(folder_.name, folder_.task, source.name());
    const fs::path to = to_ / name;
    EAI_CHECK(make_folders(to.parent_path(), 0700));
    EAI_CHECK(eai::remove_all(to));
    const auto progress = [this](std::uint64_t more) { told_.reach(told_.done() + more); };
    told_.begin(Phase::copying, taken_, folder_.size());
    EAI_TRY(const store::CloneWay used, store::clone_file(source.path(), to, progress, stop, copying_));
    way_ = std::max(way_, used);
    files_.push_back({name, source.size(), sha256_in(outcome_, source.name())});
    if (outcome_.metadata.format == model::Format::archive) {
      told_.begin(Phase::hashing, taken_, folder_.size());
      EAI_TRY(files_.back().sha256, store::hash_file(to, progress, stop));
    }
    taken_ += source.size();
    return {};
  }
  // What was taken is let go of; what a download left there stays.
  void undo() {
    for (const store::StoredFile& file : files_) {
      std::error_code none;
      for (fs::path at = to_ / file.name; at != to_.parent_path() && fs::remove(at, none);) at = at.parent_path();
    }
  }
  const std::vector<store::StoredFile>& files() const { return files_; }
  store::CloneWay way() const { return way_; }

 private:
  const preserve::Folder& folder_;
  const preserve::Outcome& outcome_;
  fs::path to_;
  store::Copying copying_;
  std::uint64_t taken_ = 0;
  store::CloneWay way_ = store::CloneWay::hard_link;
  std::vector<store::StoredFile> files_;
  ByteProgress told_;
};

}  // namespace

Result<preserve::Digests> known_blocks(const Folders& folders) {
  const store::HomePaths paths{folders.home};
  std::vector<fs::path> lists;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(paths.block_lists(), none)) lists.push_back(entry.path());
  EAI_TRY(preserve::Digests known, preserve::read_block_lists(lists));
  // A store that cannot be read keeps nobody from preserving: fewer blocks are known, and that is all.
  const auto store = store::Store::open(paths.home);
  const auto contents = store ? store->list() : Result<store::Contents>();
  if (!contents) return known;
  for (const store::Model& model : contents->models) {
    for (std::size_t file = 0; model.trees && file < model.metadata.files.size(); ++file) {
      const auto leaves = store::read_tree(model, file);
      const auto inner = store::read_tree_blocks(model, file);
      if (leaves && inner) preserve::add_blocks(known, *leaves, *inner);
    }
  }
  return known;
}

Result<void> list_blocks_of_store(const Folders& folders, model::Layout layout, unsigned threads, Feed& feed,
                                  const std::stop_token& stop) {
  const store::HomePaths paths{folders.home};
  EAI_TRY(const store::Store store, store::Store::open(paths.home));
  EAI_TRY(const store::Contents contents, store.list());
  for (const store::Model& model : contents.models) {
    const fs::path list = paths.block_list(model.id, layout);
    std::error_code none;
    if (fs::exists(list, none) || (model.trees && model.metadata.layout == layout)) continue;
    feed.note("Reading " + model.metadata.folder_name + " once to learn its blocks");
    preserve::SourceFiles files;
    for (const store::StoredFile& file : model.files) {
      EAI_TRY(auto opened, preserve::SourceFile::open(model.folder, file.name));
      files.push_back(std::move(opened));
    }
    ByteProgress told(feed, model.metadata.folder_name, model.id.str());
    told.begin(Phase::reading, 0, model.size());
    const auto progress = [&](std::uint64_t done) { told.reach(done); };
    EAI_TRY(const auto blocks, preserve::unixfs_blocks(files, layout, threads, progress, stop));
    EAI_CHECK(preserve::write_block_list(list, blocks));
  }
  return {};
}

Result<std::optional<store::CloneWay>> take_into_store(const Folders& folders, const preserve::Folder& folder,
                                                       const preserve::Outcome& outcome, store::Copying copying,
                                                       Feed& feed, const std::stop_token& stop) {
  EAI_TRY(const store::Store store, store::Store::open(folders.home));
  store.sweep();
  EAI_TRY(const store::ModelLock lock, lock_model(store, outcome.hash, stop));
  if (store.find(outcome.hash)) return std::nullopt;
  EAI_TRY(const fs::path partial, store.partial_folder(lock));
  Taking taking(folder, outcome, partial, copying, feed);
  Result<void> taken;
  for (const auto& source : folder.files) {
    if (taken) taken = taking.take(*source, stop);
  }
  if (taken) taken = preserve::still_same(folder.files);
  if (taken) {
    taken = store.commit(lock, view_of(outcome.metadata_json), store::Origin::preserved, taking.files(), outcome.trees)
                .map([](const store::Model&) {});
  }
  if (!taken) {
    taking.undo();
    return Failure(std::move(taken).error());
  }
  return taking.way();
}

}  // namespace eai::library
