#include "store/adopt.h"

#include <algorithm>

#include "ipld/unixfs.h"
#include "model/kept_metadata.h"
#include "store/gguf_file.h"
#include "store/manifest.h"
#include "util/folder_entry.h"

namespace eai::store {
namespace {

constexpr std::string_view k_model = ".gguf";

// One adoption: clones files into the partial folder and notes what came.
class Adoption {
 public:
  Adoption(fs::path partial, const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop)
      : partial_(std::move(partial)), stop_(stop), report_([this, &progress](std::uint64_t more) {
          done_ += more;
          if (progress) progress(done_);
        }) {}
  Adoption(const Adoption&) = delete;  // report_ points here

  Result<void> take_file(const fs::path& from, const std::string& name) {
    if (!is_allowed_name(name)) return fail(Code::invalid, "a model's file cannot be named " + name);
    fs::path to = partial_ / name;
    EAI_CHECK(make_folders(to.parent_path(), 0700));
    EAI_TRY(CloneWay way, clone_file(from, to, report_, stop_));
    way_ = std::max(way_, way);
    StoredFile file{name};
    std::error_code error;
    file.size = fs::file_size(to, error);
    if (error) return fail(Code::io, "reading " + to.string() + ": " + error.message());
    EAI_TRY(file.sha256, hash_file(to, report_, stop_));
    files_.push_back(std::move(file));
    return {};
  }

  Result<void> take_folder(const fs::path& from) {
    std::error_code error;
    for (fs::recursive_directory_iterator it(from, error), end; !error && it != end; it.increment(error)) {
      EAI_TRY(const EntryKind kind, entry_kind(it->path()));
      if (kind == EntryKind::folder) continue;
      EAI_CHECK(take_file(it->path(), payload_name(it->path().lexically_relative(from).generic_string())));
    }
    if (error) return fail(Code::io, "reading the folder " + from.string() + ": " + error.message());
    return {};
  }

  const std::vector<StoredFile>& files() const { return files_; }
  CloneWay way() const { return way_; }

 private:
  fs::path partial_;
  const std::stop_token& stop_;
  std::uint64_t done_ = 0;
  std::function<void(std::uint64_t)> report_;
  CloneWay way_ = CloneWay::hard_link;
  std::vector<StoredFile> files_;
};

Result<void> take_all(Adoption& adoption, const Candidate& candidate, model::Task task) {
  EAI_TRY(const EntryKind kind, entry_kind(candidate.model));
  if (kind == EntryKind::folder) return adoption.take_folder(candidate.model);
  const bool one_gguf = model::is_text(task);
  if (one_gguf) EAI_CHECK(check_gguf(candidate.model, GgufRole::model));
  if (one_gguf && candidate.projector) EAI_CHECK(check_gguf(*candidate.projector, GgufRole::projector));
  EAI_CHECK(adoption.take_file(candidate.model, std::string(k_model_file)));
  if (candidate.projector) EAI_CHECK(adoption.take_file(*candidate.projector, std::string(k_projector_file)));
  return {};
}

}  // namespace

Result<std::vector<Candidate>> find_candidates(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return fail(Code::not_found, "there is no folder " + folder.string());
  std::vector<Candidate> out;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (!name.ends_with(k_model)) continue;
    Candidate candidate;
    candidate.hash = name.substr(0, name.size() - k_model.size());
    candidate.model = it->path();
    if (!ipld::Cid::parse(candidate.hash)) continue;
    candidate.size = bytes_below(candidate.model);
    std::error_code ignored;
    if (fs::path metadata = folder / (candidate.hash + ".json"); fs::exists(metadata, ignored)) {
      candidate.metadata = std::move(metadata);
    }
    fs::path projector = folder / (candidate.hash + ".gguf-projector");
    if (fs::exists(projector, ignored)) {
      candidate.size += bytes_below(projector);
      candidate.projector = std::move(projector);
    }
    out.push_back(std::move(candidate));
  }
  if (error) return fail(Code::io, "reading the folder " + folder.string() + ": " + error.message());
  std::sort(out.begin(), out.end(), [](const Candidate& a, const Candidate& b) { return a.hash < b.hash; });
  return out;
}

Result<Bytes> metadata_of(const Candidate& candidate) {
  if (!candidate.metadata) return fail(Code::not_found, "there is no " + candidate.hash + ".json");
  EAI_TRY(const ipld::Cid id, ipld::Cid::parse(candidate.hash));
  EAI_TRY(const Bytes kept, read_file(*candidate.metadata, model::k_metadata_limit));
  auto metadata = model::recover_metadata(id, kept);
  if (!metadata) return Failure(std::move(metadata).error().with(candidate.metadata->filename().string()));
  return metadata;
}

Result<Adopted> adopt(const Store& store, const Candidate& candidate, ByteView metadata_json,
                      const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop) {
  EAI_TRY(ipld::Cid id, ipld::Cid::parse(candidate.hash));
  EAI_TRY(ModelLock lock, store.lock(id, FileLock::Wait::no));
  auto here = store.find(id);
  if (here) return Adopted{*std::move(here), true};
  if (here.error().code != Code::not_found) return Failure(std::move(here).error());

  EAI_CHECK(ipld::verify_content(id, metadata_json));
  EAI_TRY(model::Metadata metadata, model::parse_metadata(metadata_json));
  // A download that was begun is worth less than the whole model that lies here.
  EAI_CHECK(store.drop_partial(lock));
  EAI_TRY(fs::path partial, store.partial_folder(lock));
  Adoption adoption(partial, progress, stop);
  auto committed = [&]() -> Result<Model> {
    EAI_CHECK(take_all(adoption, candidate, metadata.task));
    return store.commit(lock, metadata_json, Origin::adopted, adoption.files());
  }();
  if (!committed) {
    (void)store.drop_partial(lock);  // the first error is the one to tell
    return Failure(std::move(committed).error());
  }
  return Adopted{*std::move(committed), false, adoption.way()};
}

}  // namespace eai::store
