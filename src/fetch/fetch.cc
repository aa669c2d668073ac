#include "fetch/fetch.h"

#include <condition_variable>
#include <mutex>
#include <random>

#include <fcntl.h>

#include "content/gguf.h"
#include "content/metadata.h"
#include "content/unixfs.h"
#include "fetch/metadata_hunt.h"
#include "fetch/run.h"

namespace eai::fetch {
namespace {

using Phase = Progress::Phase;

// In the partial folder: the metadata, so that a resumed download need not ask for it.
constexpr const char* k_metadata_name = "wanted.json";
constexpr std::chrono::milliseconds k_lock_interval{200};

// The lock, or the model that another process made in the meantime.
Result<store::ModelLock> wait_for_lock(const content::Cid& id, const store::Store& store, Meter& meter,
                                       const std::stop_token& stop) {
  auto lock = store.lock(id, FileLock::Wait::no);
  if (lock || lock.error().code != Code::busy) return lock;
  meter.phase(Phase::waiting_for_other_process);
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock hold(mutex);
  while (!lock && lock.error().code == Code::busy) {
    changed.wait_for(hold, stop, k_lock_interval, [] { return false; });
    if (stop.stop_requested()) return fail(Code::busy, "stopped while another process downloads the model");
    lock = store.lock(id, FileLock::Wait::no);
  }
  return lock;
}

Result<Bytes> metadata_bytes(const content::Cid& id, const fs::path& folder, SourceBook& book, const Options& options,
                             Meter& meter, const std::stop_token& stop) {
  fs::path path = folder / k_metadata_name;
  if (auto kept = read_file(path, content::k_metadata_limit); kept && content::verify_content(id, *kept)) return kept;
  meter.phase(Phase::metadata);
  auto tick = [&] { meter.show(Clock::now(), 0, 0); };
  EAI_TRY(Bytes bytes, find_metadata(id, book, options, tick, stop));
  EAI_CHECK(write_file_atomic(path, bytes));
  return bytes;
}

Result<void> screen(const fs::path& path) {
  EAI_TRY(UniqueFd fd, open_file(path, O_RDONLY));
  std::error_code error;
  std::uint64_t size = fs::file_size(path, error);
  if (error) return fail(Code::io, "reading " + path.string() + ": " + error.message());
  auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) { return read_at(fd.get(), offset, into); };
  auto info = content::read_gguf(read, size);
  if (!info) return Failure(std::move(info).error().with(path.filename().string()));
  return {};
}

// Whether trying again could help: what is proven and yet no model will never be one.
bool is_final(const Error& error) { return error.code == Code::invalid || error.code == Code::corrupt; }

class Download {
 public:
  Download(const store::Store& store, store::ModelLock& lock, SourceBook& book, const Options& options, Meter& meter,
           const std::stop_token& stop)
      : store_(store), lock_(lock), book_(book), options_(options), meter_(meter), stop_(stop) {}

  Result<store::Model> run() {
    EAI_TRY(folder_, store_.partial_folder(lock_));
    auto model = into_store();
    if (!model && is_final(model.error())) {
      // The first error is the one to tell.
      (void)eai::remove_all(folder_);
    }
    return model;
  }

 private:
  Result<store::Model> into_store() {
    EAI_TRY(Bytes json, metadata_bytes(lock_.id(), folder_, book_, options_, meter_, stop_));
    auto metadata = content::parse_metadata(json);
    if (!metadata) return Failure(std::move(metadata).error().with("the metadata of " + lock_.id().str()));
    if (metadata->format != content::Format::archive) {
      return fail(Code::unsupported, "a model kept as UnixFS files cannot be downloaded by this version");
    }
    meter_.total(metadata->total_size());
    meter_.phase(Phase::parts);
    EAI_TRY(auto files, fetch_parts(*metadata));
    for (const store::StoredFile& file : files) {
      if (file.name == "model.gguf" || file.name == "projector.gguf") EAI_CHECK(screen(folder_ / file.name));
    }
    meter_.phase(Phase::syncing);
    EAI_TRY(store::Model model, store_.commit(lock_, json, store::Origin::downloaded, files));
    meter_.phase(Phase::done);
    return model;
  }

  Result<std::vector<store::StoredFile>> fetch_parts(const content::Metadata& metadata) {
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

Result<store::Model> download(const content::Cid& id, const store::Store& store, const Sources& sources,
                              const Options& options, const OnProgress& on_progress, const std::stop_token& stop) {
  if (auto model = store.find(id)) return model;
  EAI_TRY(std::vector<Source> usable, make_sources(sources, options));
  SourceBook book(std::move(usable), options, std::random_device{}());
  Meter meter(book, on_progress);
  EAI_TRY(store::ModelLock lock, wait_for_lock(id, store, meter, stop));
  if (auto model = store.find(id)) return model;  // made by the process that was waited for
  return Download(store, lock, book, options, meter, stop).run();
}

}  // namespace eai::fetch
