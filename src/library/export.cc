#include "library/export.h"

#include <unordered_set>

#include <fcntl.h>
#include <unistd.h>

#include "ipld/car.h"
#include "ipld/unixfs.h"
#include "library/byte_progress.h"
#include "store/trees.h"
#include "util/own_folder.h"

namespace eai::library {
namespace {

// Where blocks go.
class Target {
 public:
  virtual ~Target() = default;
  virtual Result<void> put(const ipld::Cid& cid, ByteView block) = 0;
  virtual Result<void> finish() = 0;
};

class CarTarget final : public Target {
 public:
  // A file, or the pipe if there is no name.
  static Result<std::unique_ptr<CarTarget>> open(const std::string& to, int pipe, const ipld::Cid& root) {
    std::unique_ptr<CarTarget> out(new CarTarget);
    if (to.empty()) {
      out->fd_ = UniqueFd(::fcntl(pipe, F_DUPFD_CLOEXEC, 3));
      if (!out->fd_) return fail_errno("writing to a pipe", errno);
    } else {
      std::error_code ignored;
      if (fs::exists(fs::symlink_status(to, ignored))) return fail(Code::busy, to + " exists already");
      out->file_ = to;
      out->unfinished_ = to + ".unfinished";
      EAI_TRY(out->fd_, open_own_file(out->unfinished_, O_WRONLY | O_CREAT, 0644));
      if (::ftruncate(out->fd_.get(), 0) != 0) return fail_errno("emptying " + out->unfinished_.string(), errno);
    }
    EAI_CHECK(write_all(out->fd_.get(), ipld::car_header({root})));
    return out;
  }
  ~CarTarget() override {
    if (!unfinished_.empty()) ::unlink(unfinished_.c_str());
  }
  Result<void> put(const ipld::Cid& cid, ByteView block) override {
    EAI_CHECK(write_all(fd_.get(), ipld::car_section_head(cid, block.size())));
    return write_all(fd_.get(), block);
  }
  Result<void> finish() override {
    if (unfinished_.empty()) return {};
    if (::fsync(fd_.get()) != 0) return fail_errno("syncing " + unfinished_.string(), errno);
    EAI_CHECK(rename_synced(unfinished_, file_));
    unfinished_.clear();
    return {};
  }

 private:
  UniqueFd fd_;
  fs::path file_, unfinished_;  // empty: the pipe
};

// A block that is there already in its size stays. It may be wrong; whoever reads it will see.
class FolderTarget final : public Target {
 public:
  explicit FolderTarget(fs::path folder) : folder_(std::move(folder)) {}
  Result<void> put(const ipld::Cid& cid, ByteView block) override {
    const fs::path file = folder_ / cid.str();
    std::error_code error;
    if (fs::file_size(file, error) == block.size() && !error) return {};
    return write_file_atomic(file, block);
  }
  Result<void> finish() override { return {}; }

 private:
  fs::path folder_;
};

Result<std::unique_ptr<Target>> open_target(const std::string& to, int pipe, const ipld::Cid& root) {
  std::error_code ignored;
  if (to.empty() || !(to.ends_with('/') || fs::is_directory(to, ignored))) return CarTarget::open(to, pipe, root);
  EAI_CHECK(make_folders(to, 0755));
  return std::make_unique<FolderTarget>(to);
}

// What goes out of one model.
class Export {
 public:
  Export(const store::Model& model, Target& target, ByteProgress& told, const std::stop_token& stop)
      : model_(model), target_(target), told_(told), stop_(stop) {}

  Result<Exported> run() {
    const fs::path metadata = model_.folder / store::k_metadata_file;
    EAI_TRY(const Bytes bytes, read_file(metadata, model::k_metadata_limit));
    EAI_CHECK(put(model_.id, bytes));
    for (std::size_t i = 0; i < model_.metadata.files.size(); ++i) EAI_CHECK(put_file(i));
    EAI_CHECK(target_.finish());
    return out_;
  }

 private:
  Result<void> put(const ipld::Cid& cid, ByteView block) {
    if (!given_.insert(cid).second) return {};
    EAI_CHECK(target_.put(cid, block));
    ++out_.blocks;
    out_.bytes += block.size();
    return {};
  }

  Result<void> put_file(std::size_t index) {
    const model::PartEntry& entry = model_.metadata.files[index];
    const std::string name = store::stored_name(model_.metadata.folder_name, model_.metadata.task, entry.file_name);
    EAI_TRY(const auto leaves, store::read_tree(model_, index));
    EAI_TRY(const auto inner, store::read_tree_blocks(model_, index));
    for (const ipld::Block& block : inner) EAI_CHECK(put(block.cid, block.bytes));
    EAI_TRY(const UniqueFd file, open_file(model_.folder / name, O_RDONLY | O_NOFOLLOW));
    Bytes content;
    for (std::size_t leaf = 0; leaf < leaves.count(); ++leaf) {
      if (stop_.stop_requested()) return fail(Code::cancelled, "interrupted");
      const ByteRange range = leaves.range(leaf);
      if (leaves.kind(leaf) != ipld::LeafKind::held) EAI_CHECK(put_leaf(leaves, leaf, file, name, content));
      told_.reach(told_.done() + range.size());
    }
    return {};
  }

  Result<void> put_leaf(const ipld::LeafTable& leaves, std::size_t leaf, const UniqueFd& file, const std::string& name,
                        Bytes& content) {
    const ByteRange range = leaves.range(leaf);
    if (range.size() > ipld::k_block_limit)
      return fail(Code::unsupported,
                  name + " is one block of " + std::to_string(range.size()) + " bytes, which no CAR can hold");
    content.resize(range.size());
    if (auto read = read_at(file.get(), range.begin, content); !read)
      return Failure(std::move(read).error().with(name));
    if (auto good = leaves.proves(leaf, content); !good)
      return Failure(Error{Code::corrupt, name + " changed on this disk at byte " + std::to_string(range.begin),
                           Hint::repair_model});
    const ipld::Cid cid = leaves.cid(leaf);
    if (leaves.kind(leaf) == ipld::LeafKind::raw) return put(cid, content);
    EAI_TRY(const Bytes block, ipld::leaf_block(cid.hash(), content));
    return put(cid, block);
  }

  const store::Model& model_;
  Target& target_;
  ByteProgress& told_;
  std::stop_token stop_;
  std::unordered_set<ipld::Cid> given_;
  Exported out_;
};

}  // namespace

Result<Exported> export_model(const Library& library, const store::Model& model, const std::string& to, int pipe,
                              Feed& feed, const std::stop_token& stop) {
  const std::string label = library.label_of(model.id);
  if (model.metadata.format != model::Format::unixfs) {
    return fail(
        Code::unsupported,
        label + " came as an archive, whose blocks are not kept; preserved in the format unixfs, it can be exported");
  }
  EAI_TRY(const auto target, open_target(to, pipe, model.id));
  ByteProgress told(feed, label, model.id.str());
  told.begin(Phase::reading, 0, model.metadata.total_size());
  auto done = Export(model, *target, told, stop).run();
  if (!done) {
    Error error = std::move(done).error().with(label);
    if (error.hint == Hint::repair_model) error.about = label;
    return Failure(std::move(error));
  }
  return done;
}

}  // namespace eai::library
