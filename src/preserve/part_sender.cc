#include "preserve/part_sender.h"

#include <cerrno>
#include <condition_variable>
#include <mutex>

#include <fcntl.h>
#include <unistd.h>

#include "preserve/hash_unixfs.h"
#include "util/own_folder.h"

namespace eai::preserve {
namespace {

using ipld::Cid;

// A file without a name: it is gone when the process is.
Result<UniqueFd> nameless_file(const fs::path& folder) {
  EAI_TRY(const OwnFolder own, OwnFolder::make(folder, Privacy::secret));
  std::string name = "part";
  EAI_TRY(UniqueFd fd, make_new_file(own.fd(), name, folder / name));
  EAI_CHECK(own.remove(name));
  return fd;
}

}  // namespace

// How many parts may lie on the disk at once.
class PartSender::Window {
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

PartSender::PartSender(Targets& targets, fs::path work_folder, std::size_t room, std::stop_token stop)
    : targets_(targets),
      work_folder_(std::move(work_folder)),
      stop_(std::move(stop)),
      window_(std::make_shared<Window>(room)) {}

PartSender::~PartSender() = default;

Result<void> PartSender::follow(Receipts& receipts) {
  receipts_ = &receipts;
  const auto settled = receipts.settled();
  if (!settled) return {};
  const ipld::Profile* profile = ipld::find_profile(settled->profile);
  if (profile == nullptr) return fail(Code::unsupported, "an earlier run cut parts by " + settled->profile);
  profile_ = *profile;
  settled_by_ = settled->by;
  return {};
}

Result<PartSink::Begin> PartSender::begin(const std::string& name) {
  if (targets_.empty()) return Begin{nullptr, profile_};
  if (!window_->take(stop_)) return fail(Code::cancelled, "stopped");
  auto fd = nameless_file(work_folder_);
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

Result<void> PartSender::end(Part part) {
  Parcel parcel{Parcel::Kind::file, {part.name, {}, part.profile, part.root.cid, {}}, part.sha256};
  if (part.bytes) parcel.upload.body.add(part.bytes, {0, part.size});
  const Sender* taught = nullptr;
  if (!settled_by_ && !targets_.empty()) {
    EAI_TRY(taught, settle(parcel));
  }
  if (!(part.profile == profile_)) EAI_CHECK(cut_again(part, parcel));
  blocks_.insert(blocks_.end(), part.blocks.begin(), part.blocks.end());
  tree_ends_.push_back({parcel.upload.cid, blocks_.size()});
  entries_.push_back({parcel.upload.cid, part.name, part.sha256, part.size, true});
  part.bytes.reset();
  if (!targets_.empty()) targets_.push(parcel, taught, *settled_by_);
  return {};
}

// The part was made before the home told how it cuts.
Result<void> PartSender::cut_again(Part& part, Parcel& parcel) const {
  part.blocks.clear();
  const auto on_leaf = [&](const Cid& cid, ByteView block) -> Result<void> {
    part.blocks.push_back(block_size(cid, block.size()));
    return {};
  };
  const auto on_inner = [&](const Cid& cid, const Bytes& block) {
    part.blocks.push_back(block_size(cid, block.size()));
  };
  EAI_TRY(const ipld::TreeNode root, import_body(parcel.upload.body, profile_, on_leaf, on_inner));
  parcel.upload.profile = profile_;
  parcel.upload.cid = root.cid;
  return {};
}

// Returns the sender that has this part now, if one was asked how it cuts.
Result<const Sender*> PartSender::settle(Parcel& parcel) {
  settled_by_ = "";
  Sender* teacher = targets_.picky();
  if (teacher != nullptr) {
    if (auto learned = learn(*teacher, parcel); learned) {
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

Result<void> PartSender::learn(Sender& teacher, Parcel& parcel) {
  EAI_TRY(const Cid got, teacher.put(parcel));
  if (got.hash() != parcel.upload.cid.hash()) {
    auto found = profile_of(parcel.upload.body, got);
    if (!found) return wrong_cid(teacher.home().name(), parcel, got);
    profile_ = found->first;
    parcel.upload.profile = profile_;
    parcel.upload.cid = found->second.cid;
  }
  teacher.accept(parcel, got);
  return {};
}

}  // namespace eai::preserve
