#include "fetch/fetch.h"

#include <condition_variable>
#include <mutex>
#include <random>

#include "fetch/metadata_hunt.h"
#include "fetch/run.h"
#include "ipld/unixfs.h"
#include "model/metadata.h"
#include "store/gguf_file.h"

namespace eai::fetch {
namespace {

using Phase = Progress::Phase;

// In the partial folder: the metadata, so that a resumed download need not ask for it.
constexpr const char* k_metadata_name = "wanted.json";
constexpr std::chrono::milliseconds k_lock_interval{200};

// The lock, or the model that another process made in the meantime.
Result<store::ModelLock> wait_for_lock(const ipld::Cid& id, const store::Store& store, Meter& meter,
                                       const std::stop_token& stop) {
  auto lock = store.lock(id, FileLock::Wait::no);
  if (lock || lock.error().code != Code::busy) return lock;
  meter.phase(Phase::waiting_for_other_process);
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock hold(mutex);
  while (!lock && lock.error().code == Code::busy) {
    changed.wait_for(hold, stop, k_lock_interval, [] { return false; });
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped while another process downloads the model");
    lock = store.lock(id, FileLock::Wait::no);
  }
  return lock;
}

Result<FoundMetadata> metadata_of(const ipld::Cid& id, const fs::path& folder, SourceBook& book, const Options& options,
                                  Meter& meter, const std::stop_token& stop) {
  fs::path path = folder / k_metadata_name;
  if (auto kept = read_file(path, model::k_metadata_limit); kept && ipld::verify_content(id, *kept)) {
    return FoundMetadata{*std::move(kept), "an earlier run"};
  }
  meter.phase(Phase::metadata);
  auto tick = [&] { meter.show(Clock::now(), 0, 0); };
  EAI_TRY(FoundMetadata found, find_metadata(id, book, options, tick, stop));
  EAI_CHECK(write_file_atomic(path, found.bytes));
  return found;
}

// Of what is stored: it cannot be used, and fetching it again may help.
bool is_damage(const Error& error) { return error.code == Code::invalid || error.code == Code::corrupt; }

// Of what was proven: it is no model that this version can use and never will be, so that going on is no use.
bool is_final(const Error& error) { return is_damage(error) || error.code == Code::unsupported; }

class Download {
 public:
  Download(const store::Store& store, store::ModelLock& lock, SourceBook& book, const Options& options, Meter& meter,
           const std::stop_token& stop)
      : store_(store), lock_(lock), book_(book), options_(options), meter_(meter), stop_(stop) {}

  Result<store::Model> run() {
    EAI_TRY(folder_, store_.partial_folder(lock_));
    auto found = metadata_of(lock_.id(), folder_, book_, options_, meter_, stop_);
    if (!found) {
      std::error_code not_empty;  // then it holds what an earlier run got
      fs::remove(folder_, not_empty);
      return Failure(std::move(found).error());
    }
    auto model = into_store(*found);
    if (!model && is_final(model.error())) {
      // The first error is the one to tell.
      (void)eai::remove_all(folder_);
      return Failure(
          std::move(model).error().with("what " + lock_.id().str() + " names is no model for this version of eai"));
    }
    return model;
  }

 private:
  Result<store::Model> into_store(const FoundMetadata& found) {
    auto metadata = model::parse_metadata(found.bytes);
    if (!metadata) return Failure(std::move(metadata).error().with("the metadata, from " + found.source));
    if (metadata->format != model::Format::archive) {
      return fail(Code::unsupported, "a model kept as UnixFS files cannot be downloaded by this version");
    }
    meter_.total(metadata->total_size());
    meter_.phase(Phase::parts);
    EAI_TRY(auto files, fetch_parts(*metadata));
    for (const store::StoredFile& file : files) {
      if (store::is_gguf_name(file.name)) EAI_CHECK(store::check_gguf(folder_ / file.name));
    }
    meter_.phase(Phase::syncing);
    EAI_TRY(store::Model model, store_.commit(lock_, found.bytes, store::Origin::downloaded, files));
    meter_.phase(Phase::done);
    return model;
  }

  Result<std::vector<store::StoredFile>> fetch_parts(const model::Metadata& metadata) {
    Run parts(lock_.id(), folder_, metadata, book_, options_, meter_, stop_);
    auto files = parts.finish();
    return files;
  }

  const store::Store& store_;
  store::ModelLock& lock_;
  SourceBook& book_;
  const Options& options_;
  Meter& meter_;
  std::stop_token stop_;
  fs::path folder_;
};

}  // namespace

Result<store::Model> download(const ipld::Cid& id, const store::Store& store, const Sources& sources,
                              const Options& options, const OnProgress& on_progress, const std::stop_token& stop) {
  auto stored = store.find(id);
  if (stored || (stored.error().code != Code::not_found && !is_damage(stored.error()))) return stored;
  EAI_TRY(std::vector<Source> usable, make_sources(sources, options));
  SourceBook book(std::move(usable), options, std::random_device{}());
  Meter meter(book, on_progress);
  EAI_TRY(store::ModelLock lock, wait_for_lock(id, store, meter, stop));
  if (auto model = store.find(id)) return model;  // made by the process that was waited for
  auto model = Download(store, lock, book, options, meter, stop).run();
  if (model || !is_damage(stored.error())) return model;
  return Failure(std::move(model).error().with(stored.error().message + ", and it could not be fetched again"));
}

Result<Bytes> download_metadata(const ipld::Cid& id, const Sources& sources, const Options& options,
                                const std::stop_token& stop) {
  EAI_TRY(std::vector<Source> usable, make_sources(sources, options));
  SourceBook book(std::move(usable), options, std::random_device{}());
  EAI_TRY(FoundMetadata found, find_metadata(
                                   id, book, options, [] {}, stop));
  return std::move(found.bytes);
}

}  // namespace eai::fetch
