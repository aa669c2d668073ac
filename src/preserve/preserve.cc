#include "preserve/preserve.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "preserve/block_cars.h"
#include "preserve/hash_unixfs.h"
#include "preserve/targets.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

using ipld::Cid;
using ipld::k_unixfs_v1_2025;
using ipld::Sha256;

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
        workers_(pool_threads(options.threads)),
        targets_(monitor, stop_) {
    for (const auto& home : homes) homes_.push_back(home.get());
  }

  Result<Outcome> go() {
    auto outcome = run();
    if (outcome) return outcome;
    // A file that changed is the cause of whatever came of it.
    EAI_CHECK(still_same(folder_.files));
    if (outcome.error().code == Code::cancelled && targets_.nobody_left()) return targets_.all_failed();
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
    EAI_CHECK(check_sizes());
    EAI_CHECK(check_draft());
    if (options_.format == model::Format::archive) EAI_CHECK(lay_out());
    monitor_.change([&](Progress& p) { p.total = out_.bytes; });
    if (!options_.dry_run) EAI_CHECK(prepare());
    if (options_.format == model::Format::archive) {
      EAI_CHECK(archive());
    } else {
      EAI_CHECK(unixfs());
    }
    EAI_CHECK(count_blocks());
    if (options_.dry_run) count_at_homes();
    targets_.drain();
    EAI_CHECK(still_same(folder_.files));
    return finish();
  }

  // ---- homes
  // What cannot work at all is said before anything is done.
  // What will be written, every reader must be able to read: that is found out before anything is sent.
  Result<void> check_draft() const {
    model::Metadata draft = metadata_;
    const auto any = [](const std::string& name) { return Cid::raw_of(view_of(name)); };
    if (options_.format == model::Format::archive) {
      draft.chunk_size = options_.part_size;
      draft.files = {{any(""), folder_.name + ".zip.part-aa", {}, 1, true}};
    } else {
      for (const auto& file : folder_.files) {
        if (file->size() == 0) {
          return fail(Code::invalid,
                      "the file " + file->name() +
                          " is empty, and the format unixfs has no place for it: remove it, or use another format",
                      Hint::archive_format);
        }
        draft.files.push_back({any(file->name()), file->name(), {}, file->size(), true});
      }
      std::sort(draft.files.begin(), draft.files.end(),
                [](const auto& a, const auto& b) { return a.file_name < b.file_name; });
    }
    auto readable = model::parse_metadata(view_of(model::write_metadata(draft)));
    return readable ? Result<void>() : Failure(std::move(readable).error());
  }

  Result<void> check_sizes() const {
    if (options_.part_size == 0) return fail(Code::invalid, "a part cannot have 0 bytes");
    // An entry of the metadata: a CID, a SHA-256, a size, and the part's name.
    const std::uint64_t parts = out_.bytes / options_.part_size + 1, entry = 240 + folder_.name.size();
    if (options_.format == model::Format::archive && parts > model::k_metadata_limit / entry) {
      return fail(Code::invalid,
                  "this would make " + std::to_string(parts) + " parts, more than a model's metadata can list",
                  Hint::larger_parts);
    }
    std::uint64_t largest = 0;
    for (const auto& file : folder_.files) largest = std::max(largest, file->size());
    for (const Home* home : homes_) {
      if (options_.format == model::Format::archive && options_.part_size > home->limit()) {
        return fail(Code::invalid,
                    home->name() + " takes at most " + human_bytes(home->limit()) + " at once, parts are " +
                        human_bytes(options_.part_size),
                    Hint::smaller_parts);
      }
      if (options_.format == model::Format::unixfs && std::min(largest, home->car_size()) > home->limit()) {
        return fail(Code::invalid,
                    home->name() + " takes at most " + human_bytes(home->limit()) +
                        " at once, and a file of the format unixfs goes there as a whole",
                    Hint::archive_format);
      }
    }
    return {};
  }

  Result<void> prepare() {
    monitor_.change([&](Progress& p) {
      p.phase = "asking";
      for (Home* home : homes_) p.homes.push_back({home->name(), 0, 0, 0, ""});
    });
    const Sha256 key = ipld::sha256(view_of(folder_.path.string()));
    const fs::path journal = options_.work_folder / (folder_.name + "-" + to_hex(key).substr(0, 16) + ".receipts");
    EAI_TRY(receipts_, Receipts::open(journal));
    if (!options_.resume) EAI_CHECK(receipts_->forget());
    window_ = std::make_shared<Window>(2 * std::max<std::size_t>(1, homes_.size()));
    EAI_TRY(const std::uint64_t room, room_needed());
    EAI_CHECK(targets_.open(homes_, *receipts_, room));
    if (const auto settled = receipts_->settled()) {
      const ipld::Profile* profile = ipld::find_profile(settled->profile);
      if (profile == nullptr) return fail(Code::unsupported, "an earlier run cut parts by " + settled->profile);
      profile_ = *profile;
      settled_by_ = settled->by;
    }
    return {};
  }

  // What might just fit is tried: a home that is full says so, and what is up counts.
  Result<std::uint64_t> room_needed() const {
    if (!plan_) return out_.bytes;
    EAI_TRY(const std::uint64_t about, estimate_packed(*plan_, in_archive_));
    return about / 100 * 97;
  }

  // ---- archive
  Result<void> lay_out() {
    std::vector<model::TarFile> files;
    for (const auto& file : folder_.files) files.push_back({file->name(), file->size()});
    EAI_TRY(plan_, model::TarPlan::make(folder_.name, std::move(files)));
    for (const auto& entry : plan_->files()) {
      in_archive_.push_back(*std::find_if(folder_.files.begin(), folder_.files.end(),
                                          [&](const auto& file) { return file->name() == entry.name; }));
    }
    return {};
  }

  Result<void> archive() {
    monitor_.change([](Progress& p) { p.phase = "packing"; });
    metadata_.chunk_size = options_.part_size;
    auto progress = [&](std::uint64_t raw, std::uint64_t packed) {
      monitor_.change([&](Progress& p) {
        p.done = std::min(raw, p.total);
        p.made = packed;
      });
    };
    EAI_TRY(const PackReport report, pack_archive(*plan_, in_archive_, {folder_.name, options_.part_size}, workers_,
                                                  *this, progress, stop_.get_token()));
    monitor_.change([](Progress& p) { p.phase = "sending"; });
    out_.payload = report.packed;
    out_.stored = report.stored;
    return {};
  }

  Result<Begin> begin(const std::string& name) override {
    if (targets_.empty()) return Begin{nullptr, profile_};
    if (!window_->take(stop_.get_token())) return fail(Code::cancelled, "stopped");
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
    const Sender* taught = nullptr;
    if (!settled_by_ && !targets_.empty()) {
      EAI_TRY(taught, settle(piece));
    }
    if (!(part.profile == profile_)) {
      // Made before the home told how it cuts.
      part.blocks.clear();
      EAI_TRY(const ipld::TreeNode root,
              import_body(
                  piece.upload.body, profile_,
                  [&](const Cid& cid, ByteView block) -> Result<void> {
                    part.blocks.push_back(block_size(cid, block.size()));
                    return {};
                  },
                  [&](const Cid& cid, const Bytes& block) { part.blocks.push_back(block_size(cid, block.size())); }));
      piece.upload.profile = profile_;
      piece.upload.cid = root.cid;
    }
    blocks_.insert(blocks_.end(), part.blocks.begin(), part.blocks.end());
    metadata_.files.push_back({piece.upload.cid, part.name, part.sha256, part.size, true});
    part.bytes.reset();
    if (!targets_.empty()) targets_.push(piece, taught, *settled_by_);
    return {};
  }

  // The first part tells how the service cuts files. All later parts, and all other homes, follow it. Returns the
  // sender that has this part now.
  Result<const Sender*> settle(Piece& piece) {
    settled_by_ = "";
    Sender* teacher = targets_.picky();
    if (teacher != nullptr) {
      if (auto learned = learn(*teacher, piece); learned) {
        settled_by_ = teacher->home().name();
      } else {
        teacher->give_up(std::move(learned).error());
        teacher = nullptr;
      }
      if (stop_.stop_requested()) return fail(Code::cancelled, "stopped");
    }
    EAI_CHECK(receipts_->settle({std::string(profile_.name), *settled_by_}));
    return teacher;
  }

  Result<void> learn(Sender& teacher, Piece& piece) {
    EAI_TRY(const Cid got, teacher.put(piece));
    if (got.hash() != piece.upload.cid.hash()) {
      auto found = profile_of(piece.upload.body, got);
      if (!found) return wrong_cid(teacher.home().name(), piece, got);
      profile_ = found->first;
      piece.upload.profile = profile_;
      piece.upload.cid = found->second.cid;
    }
    return teacher.accept(piece, got);
  }

  // ---- unixfs
  Result<void> unixfs() {
    monitor_.change([](Progress& p) { p.phase = "hashing"; });
    const bool has_gguf =
        std::any_of(folder_.ggufs.begin(), folder_.ggufs.end(), [](const auto& g) { return g.has_value(); });
    metadata_.layout = options_.layout.value_or(has_gguf ? model::Layout::tensor : model::Layout::fixed);
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < folder_.files.size(); ++i) {
      const auto& file = folder_.files[i];
      auto progress = [&](std::uint64_t done) { monitor_.change([&](Progress& p) { p.done = before + done; }); };
      EAI_TRY(HashedFile hashed, hash_unixfs(file, regions_of(folder_.ggufs[i], file->size(), metadata_.layout),
                                             workers_, progress, stop_.get_token()));
      before += file->size();
      metadata_.files.push_back({hashed.root.cid, file->name(), hashed.sha256, file->size(), true});
      hashed.each_block([&](const Cid& cid, std::uint64_t size) { blocks_.push_back(block_size(cid, size)); });
      files_.push_back(std::move(hashed));
    }
    std::sort(metadata_.files.begin(), metadata_.files.end(),
              [](const auto& a, const auto& b) { return a.file_name < b.file_name; });
    monitor_.change([](Progress& p) { p.phase = "sending"; });
    for (Sender* sender : targets_.senders()) {
      if (auto begun = send_blocks(*sender); !begun) sender->give_up(std::move(begun).error());
    }
    return {};
  }

  Result<void> send_blocks(Sender& sender) {
    EAI_TRY(Digests skip, held_at(sender.home()));
    for (const HashedFile& file : files_) {
      BlockCars cars(file.file->name(), file.root.cid, sender.home().car_size());
      for (const Leaf& leaf : file.leaves) {
        if (!skip.insert(block_size(leaf.cid, 0).digest).second) continue;
        cars.add(leaf.cid, leaf.range.size(), [&](Body& body) { body.add(file.file, leaf.range); });
      }
      for (const Block& block : file.inner) {
        if (!skip.insert(block_size(block.cid, 0).digest).second) continue;
        cars.add(block.cid, block.bytes.size(), [&](Body& body) { body.add(block.bytes); });
      }
      for (Piece& piece : cars.take()) sender.push(std::move(piece));
    }
    return {};
  }

  // ---- what is new
  Result<void> count_blocks() {
    EAI_TRY(const Digests known, read_block_lists(options_.known));
    out_.new_here = bytes_without(blocks_, known);
    if (options_.format == model::Format::unixfs) out_.payload = bytes_without(blocks_, {});
    return {};
  }

  // What of our blocks the home has; and for the user, what it has not.
  Result<Digests> held_at(Home& home) {
    Digests wanted;
    for (const BlockSize& block : blocks_) wanted.insert(block.digest);
    EAI_TRY(auto held, home.held(wanted));
    if (!held) return Digests{};
    out_.new_at[home.name()] = bytes_without(blocks_, *held);
    return *std::move(held);
  }

  void count_at_homes() {
    for (Home* home : homes_) {
      if (!home->can_tell()) continue;
      auto ready = home->prepare(0, {});
      Result<Digests> held = ready ? held_at(*home) : Failure(std::move(ready).error());
      if (!held) failures_.push_back({home->name(), std::move(held).error()});
    }
  }

  // ---- the end
  Result<Outcome> finish() {
    out_.metadata_json = model::write_metadata(metadata_);
    // What we write, every reader must be able to read.
    EAI_CHECK(model::parse_metadata(view_of(out_.metadata_json)));
    out_.hash = Cid::raw_of(view_of(out_.metadata_json));
    targets_.finish(metadata_, out_.metadata_json, out_.hash);
    out_.sent = targets_.sent();
    out_.resumed = targets_.resumed();
    if (!options_.dry_run) failures_ = targets_.failures();
    if (stop_.stop_requested() && !failures_.empty()) return fail(Code::cancelled, "stopped");
    out_.metadata = std::move(metadata_);
    out_.profile = profile_.name;
    out_.blocks = std::move(blocks_);
    out_.failures = std::move(failures_);
    out_.journal = std::move(receipts_);
    return std::move(out_);
  }

  const Folder& folder_;
  const Options& options_;
  std::vector<Home*> homes_;
  Monitor& monitor_;
  std::stop_source stop_;
  Workers workers_;
  std::shared_ptr<Receipts> receipts_;
  std::shared_ptr<Window> window_;
  std::optional<model::TarPlan> plan_;
  SourceFiles in_archive_;  // in the order of the plan
  model::Metadata metadata_;
  ipld::Profile profile_ = k_unixfs_v1_2025;
  std::optional<std::string> settled_by_;  // the home that chose the profile; empty: it is ours
  std::vector<HashedFile> files_;
  std::vector<BlockSize> blocks_;
  std::vector<HomeFailure> failures_;
  Outcome out_;
  Targets targets_;  // last: its threads use the rest
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

}  // namespace eai::preserve
