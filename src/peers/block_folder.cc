#include "peers/block_folder.h"

#include <fcntl.h>

namespace eai::peers {
namespace {

using namespace std::chrono_literals;

struct Times {
  timespec modified, changed;
};

#ifdef __APPLE__
Times times_of(const struct stat& info) { return {info.st_mtimespec, info.st_ctimespec}; }
#else
Times times_of(const struct stat& info) { return {info.st_mtim, info.st_ctim}; }
#endif

bool equal(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

// File systems stamp a change with the time of the last clock tick, some with that of the last two seconds.
bool is_calm(const timespec& changed, std::chrono::system_clock::time_point now) {
  const auto at = std::chrono::seconds(changed.tv_sec) + std::chrono::nanoseconds(changed.tv_nsec);
  const auto age = now.time_since_epoch() - at;
  return age > (changed.tv_nsec == 0 ? 3000ms : 50ms);
}

}  // namespace

Result<FolderBlock> FolderBlock::open(const fs::path& folder, const ipld::Cid& cid,
                                      std::chrono::system_clock::time_point now) {
  fs::path path = folder / cid.str();
  auto file = open_file(path, O_RDONLY);
  struct stat info {};
  if (!file || ::fstat(file->get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return fail(Code::not_found, path.string() + " cannot be read as a block");
  }
  const bool calm = is_calm(times_of(info).changed, now);
  const ByteRange all{0, static_cast<std::uint64_t>(info.st_size)};
  return FolderBlock(std::move(path), std::make_shared<UniqueFd>(*std::move(file)), all, info, calm);
}

Result<FolderBlock> FolderBlock::open(const Source& source, const ipld::Cid& cid) {
  if (!source.car) return open(source.folder, cid);
  const auto place = source.car->index.find(cid);
  struct stat info {};
  if (!place || ::fstat(source.car->file->get(), &info) != 0)
    return fail(Code::not_found, cid.str() + " is not in " + source.car->path.string());
  const bool calm = is_calm(times_of(info).changed, std::chrono::system_clock::now());
  return FolderBlock(source.car->path, source.car->file, *place, info, calm);
}

Result<Bytes> FolderBlock::read(std::uint64_t limit) const {
  if (size() > limit) return fail(Code::invalid, path_.string() + " is larger than a block may be");
  Bytes out(size());
  EAI_CHECK(read_at(file_->get(), offset(), out));
  return out;
}

Result<std::shared_ptr<const CarFile>> CarFile::open(const fs::path& path, std::size_t most_blocks) {
  EAI_TRY(UniqueFd file, open_file(path, O_RDONLY | O_NONBLOCK));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return fail(Code::invalid, path.string() + " is not a regular file");
  const auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) {
    return read_at(file.get(), offset, into);
  };
  EAI_TRY(auto index, ipld::CarIndex::read(read, static_cast<std::uint64_t>(info.st_size), most_blocks));
  return std::make_shared<const CarFile>(CarFile{path, std::make_shared<UniqueFd>(std::move(file)), std::move(index)});
}

bool FolderBlock::unchanged() const {
  struct stat now {};
  if (!calm_ || ::fstat(file_->get(), &now) != 0 || now.st_size != opened_.st_size) return false;
  const Times before = times_of(opened_), after = times_of(now);
  return equal(before.modified, after.modified) && equal(before.changed, after.changed);
}

}  // namespace eai::peers
