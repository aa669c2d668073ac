#include "fetch/model_writer.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "fetch/hash_range.h"
#include "util/text.h"

namespace eai::fetch {
namespace {

constexpr std::uint64_t k_flush_step = 32 * k_mib;
constexpr std::string_view k_gguf_magic = "GGUF";

// Asks the disk to start writing, so that the sync at the end finds little left to do.
void start_flush([[maybe_unused]] int fd, [[maybe_unused]] ByteRange range) {
#ifdef __linux__
  (void)::sync_file_range(fd, static_cast<off_t>(range.begin), static_cast<off_t>(range.size()), SYNC_FILE_RANGE_WRITE);
#endif
}

}  // namespace

ModelWriter::ModelWriter(fs::path folder, std::string model_name, model::Task task)
    : folder_(std::move(folder)), model_name_(std::move(model_name)), task_(task) {}

Result<void> ModelWriter::restore(const std::vector<WrittenFile>& files) {
  for (const WrittenFile& file : files) {
    auto fd = open_file(folder_ / file.name, O_RDONLY);
    ipld::FileHasher& hasher = restored_[file.name];
    if (!fd || !hash_range(fd->get(), {0, file.size}, hasher) || !ipld::matches(file.sha256, hasher.value_so_far())) {
      return fail(Code::corrupt, file.name + " was changed since it was written");
    }
    finished_.push_back(file);
  }
  return {};
}

Result<void> ModelWriter::open(const std::string& name, int flags) {
  open_ = {store::stored_name(model_name_, task_, name), 0, {}};
  hasher_.emplace();
  flushed_ = 0;
  fs::path path = folder_ / open_.name;
  EAI_CHECK(make_folders(path.parent_path(), 0700));
  EAI_TRY(file_, open_file(path, O_WRONLY | O_CREAT | O_NOFOLLOW | flags));
  return {};
}

Result<void> ModelWriter::check_room(std::uint64_t bytes) const {
  EAI_TRY(std::uint64_t room, free_space(folder_));
  if (bytes <= room) return {};
  return fail(Code::io, "too little space in " + folder_.string() + ": " + open_.name + " has " + human_bytes(bytes) +
                            ", " + human_bytes(room) + " are free; " + human_bytes(bytes - room) + " are missing");
}

Result<void> ModelWriter::begin_file(const std::string& name, std::uint64_t size) {
  EAI_CHECK(open(name, O_TRUNC));
  return check_room(size);
}

Result<void> ModelWriter::resume_file(const std::string& name, std::uint64_t, std::uint64_t offset) {
  EAI_CHECK(open(name, 0));
  if (finished_.empty() || finished_.back().name != open_.name || finished_.back().size != offset) {
    return fail(Code::corrupt, open_.name + " does not go on where the checkpoint says");
  }
  hasher_ = std::move(restored_.at(open_.name));
  restored_.erase(open_.name);
  finished_.pop_back();
  open_.size = flushed_ = offset;
  if (::ftruncate(file_.get(), static_cast<off_t>(offset)) != 0) return fail_errno("cutting " + open_.name, errno);
  return {};
}

Result<void> ModelWriter::data(ByteView bytes) {
  // The first bytes may come fewer than four at a time; in that case the check of the header at the end refuses the
  // file.
  if (open_.size == 0 && store::is_gguf_name(open_.name) &&
      !k_gguf_magic.starts_with(text_of(bytes).substr(0, k_gguf_magic.size()))) {
    return fail(Code::invalid, "not a GGUF file: " + open_.name + " begins with other bytes");
  }
  if (auto written = write_at(file_.get(), open_.size, bytes); !written) {
    return Failure(std::move(written).error().with(open_.name));
  }
  hasher_->update(bytes);
  open_.size += bytes.size();
  if (open_.size - flushed_ >= k_flush_step) {
    start_flush(file_.get(), {flushed_, open_.size});
    flushed_ = open_.size;
  }
  return {};
}

Result<void> ModelWriter::end_file() {
  EAI_CHECK(sync());
  open_.sha256 = hasher_->finish();
  leaves_.insert_or_assign(open_.name, hasher_->leaves());
  finished_.push_back(std::move(open_));
  file_.reset();
  return {};
}

Result<void> ModelWriter::sync() {
  if (!file_) return {};
  if (::fsync(file_.get()) != 0) return fail_errno("syncing " + open_.name, errno);
  for (fs::path name = fs::path(open_.name).parent_path();; name = name.parent_path()) {
    EAI_CHECK(sync_path(folder_ / name));
    if (name.empty()) return {};
  }
}

std::vector<WrittenFile> ModelWriter::written() const {
  std::vector<WrittenFile> out = finished_;
  if (file_) {
    out.push_back(open_);
    out.back().sha256 = hasher_->value_so_far();
  }
  return out;
}

std::vector<store::StoredFile> ModelWriter::stored() const {
  std::vector<store::StoredFile> out;
  for (const WrittenFile& file : finished_) out.push_back({file.name, file.size, file.sha256});
  return out;
}

store::FileLeaves ModelWriter::take_leaves() {
  store::FileLeaves out;
  for (const WrittenFile& file : finished_) {
    if (const auto before = restored_.find(file.name); before != restored_.end()) {
      before->second.finish();
      out.push_back(before->second.leaves());
    } else {
      out.push_back(std::move(leaves_.at(file.name)));
    }
  }
  return out;
}

}  // namespace eai::fetch
