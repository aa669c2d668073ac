#include "preserve/preserve.h"

#include <algorithm>
#include <cerrno>
#include <unordered_set>

#include <fcntl.h>
#include <unistd.h>

#include "content/car.h"
#include "preserve/hash_unixfs.h"
#include "preserve/pack_archive.h"
#include "preserve/sender.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

using content::Cid;
using content::k_unixfs_v1_2025;
using content::Sha256;

// How many parts may lie on the disk at once.
class Window {
 public:
  explicit Window(std::size_t room) : room_(room) {}
  bool take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return room_ > 0; })) return false;
    --room_;
    return true;
  }
  void give() {
    std::lock_guard lock(mutex_);
    ++room_;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::size_t room_;
};

// A file without a name: it is gone when the process is.
Result<UniqueFd> nameless_file(const fs::path& folder) {
  EAI_CHECK(make_folders(folder, 0700));
  std::string name = (folder / "part.XXXXXX").string();
  UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) return fail_errno("creating a file in " + folder.string(), errno);
  ::unlink(name.c_str());
  return fd;
}

class Run final : public PartSink {
 public:
  Run(const Folder& folder, const Options& options, const Homes& homes, Monitor& monitor, std::stop_source stop)
      : folder_(folder),
        options_(options),
        monitor_(monitor),
        stop_(std::move(stop)),
        workers_(std::clamp(options.threads, 1U, std::max(1U, std::thread::hardware_concurrency()))) {
    for (const auto& home : homes) homes_.push_back(home.get());
  }

  Result<Outcome> go() {
    auto outcome = run();
    if (outcome || outcome.error().code != Code::busy) return outcome;
    // "stopped" by a home's error: that is the one to tell.
    for (auto& sender : senders_) {
      if (auto drained = sender->drain(); !drained && drained.error().message != "stopped") {
        return Failure(std::move(drained).error());
      }
    }
    return outcome;
  }

 private:
  Result<Outcome> run() {
    metadata_.folder_name = folder_.name;
    metadata_.format = options_.format;
    metadata_.task = folder_.task;
    metadata_.ram_gb = folder_.ram_gb;
    metadata_.hf_repo = options_.hf_repo;
    metadata_.hf_file = options_.hf_file;
    metadata_.config_name = options_.config_name;
    metadata_.lora = options_.lora;
    out_.bytes = folder_.size();
    EAI_CHECK(prepare());
    if (options_.format == content::Format::archive) {
      EAI_CHECK(archive());
    } else {
      EAI_CHECK(unixfs());
    }
    for (auto& sender : senders_) EAI_CHECK(sender->drain());
    EAI_CHECK(still_same(folder_.files));
    return finish();
  }

  Result<void> prepare() {
    monitor_.change([&](Progress& p) {
      p.total = out_.bytes;
      for (Home* home : homes_) p.homes.push_back({home->name(), 0, 0, 0, ""});
    });
    if (options_.dry_run) return {};
    if (options_.part_size == 0) return fail(Code::invalid, "a part cannot have 0 bytes");
    std::vector<std::string> origins;
    for (Home* home : homes_) {
      if (options_.format == content::Format::archive && options_.part_size > home->limit()) {
        return fail(Code::invalid, home->name() + " takes at most " + human_bytes(home->limit()) +
                                       " at once, parts are " + human_bytes(options_.part_size) +
                                       ": use a smaller --zip-chunk-size");
      }
      EAI_CHECK(home->prepare(out_.bytes, origins));
      for (const std::string& origin : home->origins()) origins.push_back(origin);
    }
    const Sha256 key = content::sha256(view_of(folder_.path.string()));
    const fs::path journal = options_.work_folder / (folder_.name + "-" + to_hex(key).substr(0, 16) + ".receipts");
    if (!options_.resume) EAI_CHECK(eai::remove_all(journal));
    EAI_TRY(receipts_, Receipts::open(journal));
    for (std::size_t i = 0; i < homes_.size(); ++i) {
      // A CAR is written anew in each run: what a killed one left is gone.
      Receipts* receipts = homes_[i]->name().starts_with("car:") ? nullptr : receipts_.get();
      senders_.push_back(std::make_unique<Sender>(*homes_[i], receipts, monitor_, i, stop_));
    }
    window_ = std::make_shared<Window>(2 * std::max<std::size_t>(1, homes_.size()));
    return {};
  }

  // ---- archive
  Result<void> archive() {
    monitor_.change([](Progress& p) { p.phase = "packing"; });
    metadata_.chunk_size = options_.part_size;
    std::vector<content::TarFile> files;
    for (const auto& file : folder_.files) files.push_back({file->name(), file->size()});
    EAI_TRY(const content::TarPlan plan, content::TarPlan::make(folder_.name, std::move(files)));
    SourceFiles ordered;
    for (const auto& entry : plan.files()) {
      ordered.push_back(*std::find_if(folder_.files.begin(), folder_.files.end(),
                                      [&](const auto& file) { return file->name() == entry.name; }));
    }
    auto progress = [&](std::uint64_t raw) { monitor_.change([&](Progress& p) { p.done = std::min(raw, p.total); }); };
    EAI_TRY(const PackReport report, pack_archive(plan, ordered, {folder_.name, options_.part_size}, workers_, *this,
                                                  progress, stop_.get_token()));
    monitor_.change([](Progress& p) { p.phase = "sending"; });
    out_.payload = report.packed;
    out_.stored = report.stored;
    return {};
  }

  Result<Begin> begin(const std::string& name) override {
    if (senders_.empty()) return Begin{nullptr, profile_};
    if (!window_->take(stop_.get_token())) return fail(Code::busy, "stopped");
    auto fd = nameless_file(options_.work_folder);
    if (!fd) {
      window_->give();
      return Failure(std::move(fd).error());
    }
    auto file = SourceFile::own(name, *std::move(fd));
    SourceFile* raw = file.get();
    std::shared_ptr<SourceFile> counted(raw, [file = std::move(file), window = window_](SourceFile*) mutable {
      file.reset();
      window->give();
    });
    return Begin{std::move(counted), profile_};
  }

  Result<void> end(Part part) override {
    Piece piece{Piece::Kind::file, {part.name, {}, part.profile, part.root.cid, {}}, part.sha256};
    if (part.bytes) piece.upload.body.add(part.bytes, {0, part.size});
    if (!learned_ && !senders_.empty()) EAI_CHECK(learn(piece));
    learned_ = true;
    if (part.bytes && !(piece.upload.profile == profile_)) {
      // Made before the home told how it cuts.
      EAI_TRY(const content::TreeNode root, import_body(piece.upload.body, profile_, nullptr, nullptr));
      piece.upload.profile = profile_;
      piece.upload.cid = root.cid;
    }
    metadata_.files.push_back({piece.upload.cid, part.name, part.sha256, part.size, true});
    part.bytes.reset();
    for (auto& sender : senders_) {
      if (sender.get() != teacher_ || !taught_) sender->push(piece);
    }
    taught_ = false;
    return {};
  }

  // The first part tells how the service cuts files. All later parts, and all other homes, follow it.
  Result<void> learn(Piece& piece) {
    for (auto& sender : senders_) {
      if (sender->home().picks_profile()) teacher_ = sender.get();
    }
    if (teacher_ == nullptr) return {};
    EAI_TRY(const Cid got, teacher_->put(piece));
    if (got.hash() != piece.upload.cid.hash()) {
      auto found = profile_of(piece.upload.body, got);
      if (!found) return wrong_cid(teacher_->home().name(), piece, got);
      profile_ = found->first;
      piece.upload.profile = profile_;
      piece.upload.cid = found->second.cid;
    }
    taught_ = true;
    return teacher_->accept(piece, got);
  }

  // ---- unixfs
  Result<void> unixfs() {
    monitor_.change([](Progress& p) { p.phase = "hashing"; });
    const bool has_gguf =
        std::any_of(folder_.ggufs.begin(), folder_.ggufs.end(), [](const auto& g) { return g.has_value(); });
    metadata_.layout = options_.layout.value_or(has_gguf ? content::Layout::tensor : content::Layout::fixed);
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < folder_.files.size(); ++i) {
      const auto& file = folder_.files[i];
      auto progress = [&](std::uint64_t done) { monitor_.change([&](Progress& p) { p.done = before + done; }); };
      EAI_TRY(HashedFile hashed, hash_unixfs(file, regions_of(folder_.ggufs[i], file->size(), metadata_.layout),
                                             workers_, progress, stop_.get_token()));
      before += file->size();
      metadata_.files.push_back({hashed.root.cid, file->name(), hashed.sha256, file->size(), true});
      files_.push_back(std::move(hashed));
    }
    std::sort(metadata_.files.begin(), metadata_.files.end(),
              [](const auto& a, const auto& b) { return a.file_name < b.file_name; });
    EAI_CHECK(count_blocks());
    monitor_.change([](Progress& p) { p.phase = "sending"; });
    for (std::size_t i = 0; i < homes_.size(); ++i) EAI_CHECK(send_blocks(i));
    return {};
  }

  template <typename F>
  void each_block(F f) const {
    for (const HashedFile& file : files_) {
      for (const Leaf& leaf : file.leaves) f(leaf.cid, leaf.range.size());
      for (const Block& block : file.inner) f(block.cid, block.bytes.size());
    }
  }

  static std::string digest_of(const Cid& cid) { return {cid.hash().digest.begin(), cid.hash().digest.end()}; }

  Result<void> count_blocks() {
    std::unordered_set<std::string> known;
    for (const fs::path& list : options_.known) {
      EAI_TRY(const Bytes bytes, read_file(list, k_gib));
      for (std::size_t at = 0; at + 32 <= bytes.size(); at += 32)
        known.emplace(text_of(ByteView(bytes).subspan(at, 32)));
    }
    std::uint64_t fresh = 0;
    std::unordered_set<std::string> seen;
    each_block([&](const Cid& cid, std::uint64_t size) {
      std::string digest = digest_of(cid);
      if (!seen.insert(digest).second) return;
      out_.payload += size;
      if (!known.contains(digest)) fresh += size;
      Sha256 hash{};
      std::copy(digest.begin(), digest.end(), hash.begin());
      out_.blocks.push_back(hash);
    });
    out_.new_here = fresh;
    return {};
  }

  Result<void> send_blocks(std::size_t index) {
    Home& home = *homes_[index];
    if (options_.dry_run) EAI_CHECK(home.prepare(0, {}));
    EAI_TRY(auto known, home.blocks());
    const bool tells = known.has_value();
    std::set<Bytes> skip;
    if (known) skip = *std::move(known);
    std::uint64_t fresh = 0;
    for (const HashedFile& file : files_) {
      Cars cars(file, home);
      for (const Leaf& leaf : file.leaves) {
        if (!skip.insert(leaf.cid.hash().bytes()).second) continue;
        fresh += leaf.range.size();
        cars.add(leaf.cid, leaf.range.size(), [&](Body& body) { body.add(file.file, leaf.range); });
      }
      for (const Block& block : file.inner) {
        if (!skip.insert(block.cid.hash().bytes()).second) continue;
        fresh += block.bytes.size();
        cars.add(block.cid, block.bytes.size(), [&](Body& body) { body.add(block.bytes); });
      }
      if (options_.dry_run) continue;
      for (Piece& piece : cars.take()) senders_[index]->push(std::move(piece));
    }
    if (tells) out_.new_at[home.name()] = fresh;
    return {};
  }

  // The blocks of one file as CARs of the size that a home takes.
  class Cars {
   public:
    Cars(const HashedFile& file, const Home& home) : file_(file), limit_(home.car_size()) {}
    template <typename F>
    void add(const Cid& cid, std::uint64_t size, F add_bytes) {
      if (!open_) {
        pieces_.push_back(
            {Piece::Kind::car,
             {file_.file->name() + ".car-" + std::to_string(pieces_.size()), {}, k_unixfs_v1_2025, file_.root.cid, {}},
             {}});
        pieces_.back().upload.body.add(content::car_header({file_.root.cid}));
        open_ = true;
      }
      Body& body = pieces_.back().upload.body;
      body.add(content::car_section_head(cid, size));
      add_bytes(body);
      names_.update(cid.bytes());
      if (body.size() >= limit_) close();
    }
    std::vector<Piece> take() {
      if (open_) close();
      return std::move(pieces_);
    }

   private:
    void close() {
      pieces_.back().sha256 = names_.finish();
      names_ = content::Sha256Hasher();
      open_ = false;
    }
    const HashedFile& file_;
    std::uint64_t limit_;
    std::vector<Piece> pieces_;
    content::Sha256Hasher names_;
    bool open_ = false;
  };

  // ---- the end
  Result<Outcome> finish() {
    const std::string json = content::write_metadata(metadata_);
    // What we write, every reader must be able to read.
    EAI_CHECK(content::parse_metadata(view_of(json)));
    const Cid hash = Cid::raw_of(view_of(json));
    for (auto& sender : senders_) {
      for (const auto& entry : metadata_.files) EAI_CHECK(sender->home().keep(entry.cid, entry.file_name));
      Piece piece{Piece::Kind::file,
                  {folder_.name + "_metadata.json", {}, k_unixfs_v1_2025, hash, {}},
                  content::sha256(view_of(json))};
      piece.upload.body.add(Bytes(json.begin(), json.end()));
      sender->push(std::move(piece));
      EAI_CHECK(sender->drain());
      EAI_CHECK(sender->home().finish(hash));
      out_.sent += sender->sent();
      out_.resumed += sender->resumed();
    }
    if (receipts_) EAI_CHECK(receipts_->remove());
    Outcome outcome{std::move(metadata_),
                    json,
                    hash,
                    out_.bytes,
                    out_.payload,
                    out_.stored,
                    out_.sent,
                    out_.resumed,
                    out_.new_here,
                    std::move(out_.new_at),
                    std::string(profile_.name),
                    std::move(out_.blocks)};
    return outcome;
  }

  struct Sums {
    std::uint64_t bytes = 0, payload = 0, stored = 0, sent = 0, resumed = 0;
    std::optional<std::uint64_t> new_here;
    std::map<std::string, std::uint64_t> new_at;
    std::vector<Sha256> blocks;
  };

  const Folder& folder_;
  const Options& options_;
  std::vector<Home*> homes_;
  Monitor& monitor_;
  std::stop_source stop_;
  Workers workers_;
  std::unique_ptr<Receipts> receipts_;
  std::shared_ptr<Window> window_;
  content::Metadata metadata_;
  content::Profile profile_ = k_unixfs_v1_2025;
  std::vector<HashedFile> files_;
  Sums out_;
  Sender* teacher_ = nullptr;
  bool learned_ = false, taught_ = false;
  std::vector<std::unique_ptr<Sender>> senders_;  // last: its threads use the rest
};

}  // namespace

Progress Monitor::read() const {
  std::lock_guard lock(mutex_);
  return progress_;
}

void Monitor::change(const std::function<void(Progress&)>& f) {
  std::lock_guard lock(mutex_);
  f(progress_);
}

Result<Outcome> preserve(const Folder& folder, const Options& options, const Homes& homes, Monitor& monitor,
                         std::stop_source stop) {
  return Run(folder, options, homes, monitor, std::move(stop)).go();
}

Result<void> write_block_list(const fs::path& file, const Outcome& outcome) {
  Bytes bytes;
  for (const Sha256& hash : outcome.blocks) bytes.insert(bytes.end(), hash.begin(), hash.end());
  EAI_CHECK(make_folders(file.parent_path(), 0700));
  return write_file_atomic(file, bytes, 0600);
}

}  // namespace eai::preserve
