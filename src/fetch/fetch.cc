#include "fetch/fetch.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "fetch/archive_fetch.h"
#include "fetch/files_fetch.h"
#include "fetch/leaf_fetcher.h"
#include "fetch/metadata_hunt.h"
#include "ipld/unixfs.h"
#include "model/metadata.h"
#include "store/gguf_file.h"
#include "util/log.h"

namespace eai::fetch {
namespace {

using Phase = Progress::Phase;

// In the partial folder: the metadata, so that a resumed download does not have to ask for it.
constexpr const char* k_metadata_name = "wanted.json";
constexpr std::chrono::milliseconds k_lock_interval{200};

// The stored model cannot be used, and fetching it again may help.
bool is_damage(const Error& error) { return error.code == Code::invalid || error.code == Code::corrupt; }

// What was proven is not a model that this version can use, and trying again will not change that.
bool is_final(const Error& error) { return is_damage(error) || error.code == Code::unsupported; }

// The model, or the right to make it; neither of them while another process works on it.
struct Claim {
  std::optional<store::Model> model;
  std::optional<store::ModelLock> lock;
  std::optional<Error> damage;  // of what is stored
};

// The lock is taken first: what is not here then will not come from anybody else.
Result<Claim> claim(const ipld::Cid& id, const store::Store& store) {
  auto lock = store.lock(id, FileLock::Wait::no);
  auto stored = store.find(id);
  Claim out;
  if (stored) {
    out.model = *std::move(stored);
    return out;
  }
  if (is_damage(stored.error())) {
    out.damage = std::move(stored).error();
  } else if (stored.error().code != Code::not_found) {
    return Failure(std::move(stored).error());
  }
  if (lock) {
    out.lock = *std::move(lock);
  } else if (lock.error().code != Code::busy) {
    return Failure(std::move(lock).error());
  }
  return out;
}

Result<Claim> wait_for_claim(const ipld::Cid& id, const store::Store& store, Reporter& reporter,
                             const std::stop_token& stop) {
  reporter.phase(Phase::waiting_for_other_process);
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock hold(mutex);
  while (true) {
    changed.wait_for(hold, stop, k_lock_interval, [] { return false; });
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped while another process downloads the model");
    EAI_TRY(Claim now, claim(id, store));
    if (now.model || now.lock) return now;
  }
}

Result<FoundMetadata> metadata_of(const ipld::Cid& id, const fs::path& folder, peers::GatewayClient& client,
                                  Reporter& reporter, const std::stop_token& stop) {
  fs::path path = folder / k_metadata_name;
  if (auto kept = read_file(path, model::k_metadata_limit); kept && ipld::verify_content(id, *kept)) {
    return FoundMetadata{*std::move(kept), "an earlier run"};
  }
  reporter.phase(Phase::metadata);
  auto tick = [&] { reporter.show(Clock::now(), 0, 0); };
  EAI_TRY(FoundMetadata found, find_metadata(id, client, tick, stop));
  EAI_CHECK(write_file_atomic(path, found.bytes));
  return found;
}

// Without a tree among the files there is no gain: each is a single block. What an earlier run began to unpack as whole
// parts, because nobody had the trees then, goes on like that.
Result<std::optional<Trees>> trees_of(const Fetching& fetching) {
  const auto& files = fetching.metadata.files;
  const auto is_tree = [](const model::PartEntry& file) { return file.cid.codec() == ipld::Codec::dag_pb; };
  if (std::ranges::none_of(files, is_tree)) return std::nullopt;
  if (fetching.metadata.format == model::Format::archive) {
    EAI_TRY(const auto before, Journal::kind_at(fetching.journal(), fetching.id));
    if (before == Journal::Kind::hints) return std::nullopt;
  }
  return fetch_trees(fetching);
}

Result<Fetched> fetch_files(const Fetching& fetching, const Trees* trees) {
  if (fetching.metadata.format == model::Format::archive) return ArchiveFetch(fetching, trees).finish();
  EAI_TRY(auto files, FilesFetch(fetching, trees).finish());
  return Fetched{std::move(files)};
}

class Download {
 public:
  Download(const store::Store& store, store::ModelLock& lock, peers::GatewayClient& client, Reporter& reporter,
           const std::stop_token& stop, bool ask_hub)
      : store_(store), lock_(lock), client_(client), reporter_(reporter), stop_(stop), ask_hub_(ask_hub) {}

  Result<store::Model> run() {
    EAI_TRY(folder_, store_.partial_folder(lock_));
    EAI_CHECK(salvage());
    auto found = metadata_of(lock_.id(), folder_, client_, reporter_, stop_);
    if (!found) {
      std::error_code not_empty;  // then it holds what an earlier run got
      fs::remove(folder_, not_empty);
      return Failure(std::move(found).error());
    }
    auto model = into_store(*found);
    if (!model && is_final(model.error())) {
      // The first error is the one to tell.
      (void)eai::remove_all(folder_);
      return Failure(std::move(model).error().with("what " + lock_.id().str() +
                                                   " names is not a model that this version of eai can use"));
    }
    return model;
  }

  Result<Missing> measure() {
    std::error_code ignored;
    const bool is_new = !fs::exists(store::HomePaths{store_.home()}.partial(lock_.id()), ignored);
    EAI_TRY(folder_, store_.partial_folder(lock_));
    auto missing = find_missing();
    if (is_new) EAI_CHECK(store_.drop_partial(lock_));
    return missing;
  }

 private:
  Result<Missing> find_missing() {
    EAI_CHECK(salvage());
    EAI_TRY(const FoundMetadata found, metadata_of(lock_.id(), folder_, client_, reporter_, stop_));
    return count_missing(found);
  }

  Result<Missing> count_missing(const FoundMetadata& found) {
    EAI_TRY(const auto metadata, model::parse_metadata(found.bytes));
    EAI_CHECK(find_hub(metadata));
    const Fetching fetching{lock_.id(), store_, folder_, metadata, client_, reporter_, stop_};
    EAI_TRY(const auto trees, trees_of(fetching));
    reporter_.total(metadata.total_size());
    Missing out{metadata.total_size(), 0};
    if (metadata.format == model::Format::archive) {
      EAI_TRY(out.missing, ArchiveFetch(fetching, trees ? &*trees : nullptr).missing());
    } else {
      EAI_TRY(out.missing, FilesFetch(fetching, trees ? &*trees : nullptr).missing());
    }
    return out;
  }

  Result<store::Model> into_store(const FoundMetadata& found) {
    auto metadata = model::parse_metadata(found.bytes);
    if (!metadata) return Failure(std::move(metadata).error().with("the metadata, from " + found.source));
    EAI_CHECK(find_hub(*metadata));
    Fetching fetching{lock_.id(), store_, folder_, *metadata, client_, reporter_, stop_};
    EAI_TRY(auto trees, trees_of(fetching));
    reporter_.total(metadata->total_size());
    auto outcome = fetch_files(fetching, trees ? &*trees : nullptr);
    if (!outcome && outcome.error().about == k_tree) {
      trees.reset();
      outcome = fetch_files(fetching, nullptr);
    }
    EAI_TRY(const Fetched fetched, std::move(outcome));
    const bool unpacked = metadata->format == model::Format::archive;
    for (const store::StoredFile& file : fetched.files) {
      if (store::is_gguf_name(file.name)) EAI_CHECK(store::check_gguf(folder_ / file.name, store::role_of(file.name)));
    }
    reporter_.phase(Phase::syncing);
    EAI_TRY(store::Model model, store_.commit(lock_, found.bytes, store::Origin::downloaded, fetched.files,
                                              trees && !unpacked ? trees->walks : std::vector<ipld::TreeWalk>()));
    if (!fetched.leaves.empty()) {
      auto kept = store_.keep_leaves(lock_, model, fetched.leaves);
      if (!kept) log::info("keeping the leaf hashes: {}", kept.error().message);
    }
    reporter_.phase(Phase::done);
    return model;
  }

  // What can be proven of a damaged model need not be asked for again. Its files are looked into later (local_copies.h).
  Result<void> salvage() const {
    const store::Remains remains = store_.remains(lock_.id());
    if (!has_tree_blocks(folder_)) EAI_CHECK(keep_tree_blocks(folder_, remains.tree_blocks));
    std::error_code ignored;
    if (remains.metadata.empty() || fs::exists(folder_ / k_metadata_name, ignored)) return {};
    return write_file_atomic(folder_ / k_metadata_name, remains.metadata);
  }

  Result<void> find_hub(const model::Metadata& metadata) {
    if (!ask_hub_) return {};
    if (metadata.hf_repo.empty()) {
      return fail(Code::invalid, "the model's metadata name no Hugging Face repository");
    }
    if (!metadata.hf_file.empty()) {
      client_.book().add(peers::hub_source(metadata.hf_repo, metadata.hf_file));
      return {};
    }
    for (const model::PartEntry& file : metadata.files)
      client_.book().add(peers::hub_source(metadata.hf_repo, file.file_name));
    return {};
  }

  const store::Store& store_;
  store::ModelLock& lock_;
  peers::GatewayClient& client_;
  Reporter& reporter_;
  std::stop_token stop_;
  bool ask_hub_;
  fs::path folder_;
};

bool asks_hub(const Sources& sources, const Options& options) {
  return !options.offline && std::ranges::find(sources.others, peers::k_hugging_face) != sources.others.end();
}

}  // namespace

Result<store::Model> download(const ipld::Cid& id, const store::Store& store, const Sources& sources,
                              const Options& options, const OnProgress& on_progress, const std::stop_token& stop) {
  EAI_TRY(Claim claimed, claim(id, store));
  if (claimed.model) return *std::move(claimed.model);
  EAI_TRY(std::vector<peers::Source> usable, peers::make_sources(sources, options));
  peers::GatewayClient client(std::move(usable), options, std::random_device{}());
  Reporter reporter(client.book(), on_progress);
  if (!claimed.lock) {
    EAI_TRY(claimed, wait_for_claim(id, store, reporter, stop));
    if (claimed.model) return *std::move(claimed.model);
  }
  const store::HomePaths home{store.home()};
  peers::SourceMemory memory({home.sources(), home.sources_lock()});
  client.book().remember_in(memory, Clock::now());
  auto model = Download(store, *claimed.lock, client, reporter, stop, asks_hub(sources, options)).run();
  client.book().keep_rates();
  if (model || !claimed.damage) return model;
  return Failure(std::move(model).error().with(claimed.damage->message + ", and it could not be fetched again"));
}

Result<Missing> measure(const ipld::Cid& id, const store::Store& store, const Sources& sources, const Options& options,
                        const OnProgress& on_progress, const std::stop_token& stop) {
  EAI_TRY(Claim claimed, claim(id, store));
  if (claimed.model) return Missing{claimed.model->metadata.total_size(), 0};
  if (!claimed.lock) return fail(Code::busy, "another eai is working on " + id.str() + " now");
  EAI_TRY(std::vector<peers::Source> usable, peers::make_sources(sources, options));
  peers::GatewayClient client(std::move(usable), options, std::random_device{}());
  Reporter reporter(client.book(), on_progress);
  const store::HomePaths home{store.home()};
  peers::SourceMemory memory({home.sources(), home.sources_lock()});
  client.book().remember_in(memory, Clock::now());
  return Download(store, *claimed.lock, client, reporter, stop, asks_hub(sources, options)).measure();
}

Result<Bytes> download_metadata(const ipld::Cid& id, const Sources& sources, const Options& options,
                                const std::stop_token& stop) {
  EAI_TRY(std::vector<peers::Source> usable, peers::make_sources(sources, options));
  peers::GatewayClient client(std::move(usable), options, std::random_device{}());
  const auto no_progress = [] {};
  EAI_TRY(FoundMetadata found, find_metadata(id, client, no_progress, stop));
  return std::move(found.bytes);
}

}  // namespace eai::fetch
