#include "preserve/preserve.h"

#include <algorithm>
#include <set>

#include "preserve/block_cars.h"
#include "preserve/hash_unixfs.h"
#include "preserve/part_sender.h"
#include "preserve/preflight.h"
#include "preserve/targets.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

using ipld::Cid;
using ipld::Sha256;

class Preservation {
 public:
  Preservation(const Folder& folder, const Options& options, const Homes& homes, Monitor& monitor,
               std::stop_source stop)
      : folder_(folder),
        options_(options),
        monitor_(monitor),
        stop_(std::move(stop)),
        workers_(pool_threads(options.threads)),
        parts_(targets_, options.work_folder, 2 * std::max<std::size_t>(1, homes.size()), stop_.get_token()),
        targets_(monitor, stop_) {
    for (const auto& home : homes) homes_.push_back(home.get());
  }

  Result<Outcome> go() {
    auto outcome = run();
    if (outcome) return outcome;
    // If a file changed, that is the cause of whatever went wrong.
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
    EAI_CHECK(check_sizes(folder_, options_, homes_));
    EAI_CHECK(check_draft(metadata_, folder_, options_));
    if (options_.format == model::Format::archive) EAI_CHECK(lay_out());
    monitor_.change([&](Progress& p) { p.total = out_.bytes; });
    if (!options_.dry_run) EAI_CHECK(prepare());
    if (options_.format == model::Format::archive) {
      EAI_CHECK(archive());
    } else {
      EAI_CHECK(unixfs());
    }
    count_blocks();
    if (options_.dry_run) count_at_homes();
    targets_.drain();
    EAI_CHECK(still_same(folder_.files));
    send_tree_car();
    return finish();
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
    EAI_TRY(const std::uint64_t room, room_needed());
    EAI_CHECK(targets_.open(homes_, *receipts_, room));
    return parts_.follow(*receipts_);
  }

  // What might just fit is tried: a home that is full says so, and what it has taken counts.
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
                                                  parts_, progress, stop_.get_token()));
    metadata_.files = parts_.take_entries();
    blocks_ = parts_.take_blocks();
    tree_ends_ = parts_.take_tree_ends();
    monitor_.change([](Progress& p) { p.phase = "sending"; });
    out_.payload = report.packed;
    out_.stored = report.stored;
    return {};
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
      tree_ends_.push_back({hashed.root.cid, blocks_.size()});
      files_.push_back(std::move(hashed));
    }
    std::sort(metadata_.files.begin(), metadata_.files.end(),
              [](const auto& a, const auto& b) { return a.file_name < b.file_name; });
    EAI_CHECK(walk_trees());
    EAI_CHECK(make_tree_car());
    monitor_.change([](Progress& p) { p.phase = "sending"; });
    for (Sender* sender : targets_.senders()) {
      if (auto begun = send_blocks(*sender); !begun) sender->give_up(std::move(begun).error());
    }
    return {};
  }

  Result<void> walk_trees() {
    for (const model::PartEntry& entry : metadata_.files) {
      const auto hashed = std::find_if(files_.begin(), files_.end(),
                                       [&](const HashedFile& file) { return file.file->name() == entry.file_name; });
      EAI_TRY(auto walk, walk_of(*hashed));
      out_.trees.push_back(std::move(walk));
    }
    return {};
  }

  // All inner blocks once more in one file, of which a reader needs a single request. The same files give the same CAR.
  Result<void> make_tree_car() {
    std::vector<Cid> roots;
    std::vector<ipld::Block> blocks;
    std::set<Cid> seen;
    for (const ipld::TreeWalk& tree : out_.trees) {
      for (ipld::Block& block : tree.inner()) {
        if (block.cid == tree.root()) roots.push_back(block.cid);
        if (seen.insert(block.cid).second) blocks.push_back(std::move(block));
      }
    }
    const Bytes car = ipld::write_car(roots, blocks);
    if (blocks.empty() || car.size() > model::k_tree_car_limit) return {};
    Body body;
    body.add(car);
    const auto keep = [this](const Cid& cid, ByteView block) {
      tree_car_.push_back({cid, Bytes(block.begin(), block.end())});
      blocks_.push_back(block_size(cid, block.size()));
    };
    const auto on_leaf = [&](const Cid& cid, ByteView block) -> Result<void> {
      keep(cid, block);
      return {};
    };
    EAI_TRY(const ipld::TreeNode root, import_body(body, ipld::k_unixfs_v1_2025, on_leaf, keep));
    tree_ends_.push_back({root.cid, blocks_.size()});
    metadata_.tree_car =
        model::PartEntry{root.cid, std::string(model::k_tree_car_name), ipld::sha256(car), car.size(), true};
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
      for (const ipld::Block& block : file.inner) {
        if (!skip.insert(block_size(block.cid, 0).digest).second) continue;
        cars.add(block.cid, block.bytes.size(), [&](Body& body) { body.add(block.bytes); });
      }
      for (Parcel& parcel : cars.take()) sender.push(std::move(parcel));
    }
    const auto is_there = [&](const ipld::Block& block) { return skip.contains(block_size(block.cid, 0).digest); };
    if (!std::all_of(tree_car_.begin(), tree_car_.end(), is_there)) without_trees_.insert(&sender);
    return {};
  }

  // After the files, without which nobody needs their trees.
  void send_tree_car() {
    for (Sender* sender : targets_.senders()) {
      if (!without_trees_.contains(sender)) continue;
      BlockCars cars(folder_.name + "-trees", metadata_.tree_car->cid, sender->home().car_size());
      for (const ipld::Block& block : tree_car_) {
        cars.add(block.cid, block.bytes.size(), [&](Body& body) { body.add(block.bytes); });
      }
      for (Parcel& parcel : cars.take()) sender->push(std::move(parcel));
    }
  }

  // ---- what is new
  void count_blocks() {
    out_.new_here = bytes_without(blocks_, options_.known);
    if (options_.format == model::Format::unixfs) out_.payload = bytes_without(blocks_, {});
  }

  // Which of our blocks the home has; and for the user, how many bytes it lacks.
  Result<Digests> held_at(Home& home) {
    EAI_TRY(auto held, home.held(trees_of(blocks_, tree_ends_)));
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
    // Every reader must be able to read what we write.
    EAI_CHECK(model::parse_metadata(view_of(out_.metadata_json)));
    out_.hash = Cid::raw_of(view_of(out_.metadata_json));
    targets_.finish(metadata_, out_.metadata_json, out_.hash);
    out_.sent = targets_.sent();
    out_.resumed = targets_.resumed();
    if (!options_.dry_run) failures_ = targets_.failures();
    if (stop_.stop_requested() && !failures_.empty()) return fail(Code::cancelled, "stopped");
    out_.metadata = std::move(metadata_);
    out_.profile = parts_.profile().name;
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
  std::optional<model::TarPlan> plan_;
  SourceFiles in_archive_;  // in the order of the plan
  model::Metadata metadata_;
  std::vector<HashedFile> files_;
  std::vector<ipld::Block> tree_car_;  // children before parents
  std::set<const Sender*> without_trees_;
  std::vector<BlockSize> blocks_;
  std::vector<TreeEnd> tree_ends_;  // in blocks_
  std::vector<HomeFailure> failures_;
  Outcome out_;
  PartSender parts_;
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
  return Preservation(folder, options, homes, monitor, std::move(stop)).go();
}

}  // namespace eai::preserve
