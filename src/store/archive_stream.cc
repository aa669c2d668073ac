#include "store/archive_stream.h"

#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include <sys/stat.h>

#include "util/folder_entry.h"
#include "util/own_folder.h"

namespace eai::store {
namespace {

// What the archive calls a file: the reverse of stored_name().
std::string name_in_archive(const std::string& folder_name, const std::string& stored) {
  if (stored == k_model_file) return folder_name;
  if (stored == k_projector_file) return model::projector_name(folder_name);
  return stored.substr(std::min(stored.size(), payload_name("").size()));
}

}  // namespace

Failure not_reproducible() {
  return fail(
      Code::unsupported,
      "the parts of its archive cannot be made again: another program packed them, or another version of eai, or "
      "a file has changed since");
}

Result<void> ArchiveStream::Source::still_same() const {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("reading " + name, errno);
  const timespec now = modified_of(info);
  if (static_cast<std::uint64_t>(info.st_size) == size && now.tv_sec == modified.tv_sec &&
      now.tv_nsec == modified.tv_nsec) {
    return {};
  }
  return fail(Code::corrupt, name + " was changed on this disk while it was in use");
}

Result<ArchiveStream::Source> ArchiveStream::open_source(const Model& model, const StoredFile& file) {
  EAI_TRY(UniqueFd fd, open_believable(model.folder / file.name));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("reading " + file.name, errno);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (!S_ISREG(info.st_mode) || size != file.size)
    return fail(Code::corrupt, file.name + " is not the file that was stored");
  return Source{file.name, std::move(fd), size, modified_of(info)};
}

ArchiveStream::ArchiveStream(model::TarPlan plan)
    : plan_(std::move(plan)), head_(model::gzip_head()), ends_{head_.size()} {}

Result<std::unique_ptr<ArchiveStream>> ArchiveStream::open(const Model& model) {
  std::vector<model::TarFile> files;
  std::unordered_map<std::string, const StoredFile*> stored;
  for (const StoredFile& file : model.files) {
    files.push_back({name_in_archive(model.metadata.folder_name, file.name), file.size});
    stored.emplace(files.back().name, &file);
  }
  auto plan = model::TarPlan::make(model.metadata.folder_name, std::move(files));
  if (!plan) return not_reproducible();  // a name that we would not have packed
  std::unique_ptr<ArchiveStream> out(new ArchiveStream(*std::move(plan)));
  for (const model::TarFile& file : out->plan_.files()) {
    EAI_TRY(Source source, open_source(model, *stored.at(file.name)));
    out->files_.push_back(std::move(source));
  }
  return out;
}

std::size_t ArchiveStream::blocks() const {
  return static_cast<std::size_t>((plan_.size() + model::k_pack_block - 1) / model::k_pack_block);
}

Result<void> ArchiveStream::pack(std::size_t block, model::PackedBlock& into) const {
  thread_local model::BlockPacker packer;
  const auto read = [this](std::size_t file, std::uint64_t offset, std::span<std::uint8_t> bytes) -> Result<void> {
    auto done = read_at(files_[file].fd.get(), offset, bytes);
    return done ? Result<void>() : Failure(std::move(done).error().with(files_[file].name));
  };
  return packer.pack(plan_, block * model::k_pack_block, read, into);
}

Result<void> ArchiveStream::still_same() const {
  for (const Source& file : files_) EAI_CHECK(file.still_same());
  return {};
}

void ArchiveStream::note(const model::PackedBlock& block) {
  ends_.push_back(ends_.back() + block.bytes.size());
  gzip_tail_.add(block);
}

const Bytes& ArchiveStream::end() { return tail_ = gzip_tail_.finish(); }

Result<void> ArchiveStream::read(std::uint64_t offset, std::span<std::uint8_t> into) {
  EAI_CHECK(still_same());
  while (!into.empty()) {
    EAI_TRY(const ByteView found, bytes_at(offset));
    const std::size_t size = std::min(found.size(), into.size());
    std::copy_n(found.begin(), size, into.begin());
    into = into.subspan(size);
    offset += size;
  }
  return {};
}

// From there to the end of the head, of a block or of the tail.
Result<ByteView> ArchiveStream::bytes_at(std::uint64_t offset) {
  if (offset < head_.size()) return ByteView(head_).subspan(static_cast<std::size_t>(offset));
  if (offset >= ends_.back()) return ByteView(tail_).subspan(static_cast<std::size_t>(offset - ends_.back()));
  const auto end = std::upper_bound(ends_.begin(), ends_.end(), offset);
  const auto block = static_cast<std::size_t>(end - ends_.begin()) - 1;
  if (kept_ != block) {
    kept_.reset();
    EAI_CHECK(pack(block, block_));
    if (block_.bytes.size() != *end - *(end - 1)) return fail(Code::corrupt, "a file was changed on this disk");
    kept_ = block;
  }
  return ByteView(block_.bytes).subspan(static_cast<std::size_t>(offset - *(end - 1)));
}

}  // namespace eai::store
