#include "preserve/source_files.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "util/folder_entry.h"

namespace eai::preserve {
namespace {

Error changed(const std::string& name) {
  return {Code::busy, "the file " + name + " changed while it was read; wait until it is complete and start again"};
}

}  // namespace

Result<std::shared_ptr<SourceFile>> SourceFile::open(const fs::path& folder, const std::string& name) {
  fs::path path = folder / name;
  EAI_TRY(const EntryKind kind, entry_kind(path));
  if (kind != EntryKind::file) return fail(Code::invalid, path.string() + " is not an ordinary file");
  EAI_TRY(UniqueFd fd, open_file(path, O_RDONLY | O_NONBLOCK));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("reading " + path.string(), errno);
  if (!S_ISREG(info.st_mode)) return fail(Code::invalid, path.string() + " is not an ordinary file");
  std::shared_ptr<SourceFile> file(new SourceFile(name, std::move(path), std::move(fd)));
  file->size_ = static_cast<std::uint64_t>(info.st_size);
  file->modified_ = modified_of(info);
  file->sparse_ = static_cast<std::uint64_t>(info.st_blocks) * 512 < file->size_;
  return file;
}

std::shared_ptr<SourceFile> SourceFile::own(std::string name, UniqueFd fd) {
  return std::shared_ptr<SourceFile>(new SourceFile(std::move(name), {}, std::move(fd)));
}

Result<void> SourceFile::read(std::uint64_t offset, std::span<std::uint8_t> into) const {
  auto done = read_at(fd_.get(), offset, into);
  return done ? Result<void>() : Failure(why(std::move(done).error()));
}

Result<std::shared_ptr<const FileWindow>> SourceFile::window(ByteRange range) const {
  auto window = FileWindow::open(fd_.get(), range.begin, static_cast<std::size_t>(range.size()), !sparse_);
  if (!window) return Failure(why(std::move(window).error()));
  return window;
}

Result<void> SourceFile::whole(const FileWindow& window) const {
  if (shorter()) return Failure(changed(shown_));
  return window.cut() ? Failure(why({Code::io, "reading failed"})) : Result<void>();
}

bool SourceFile::shorter() const {
  struct stat info {};
  return ::fstat(fd_.get(), &info) == 0 && static_cast<std::uint64_t>(info.st_size) < size_;
}

Error SourceFile::why(Error error) const { return shorter() ? changed(shown_) : std::move(error).with(path_.string()); }

bool SourceFile::is(const SourceFile& other) const {
  struct stat a {
  }, b{};
  return ::fstat(fd_.get(), &a) == 0 && ::fstat(other.fd_.get(), &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

Result<void> SourceFile::still_same() const {
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) return fail_errno("reading " + path_.string(), errno);
  const timespec now = modified_of(info);
  const bool same = static_cast<std::uint64_t>(info.st_size) == size_ && now.tv_sec == modified_.tv_sec &&
                    now.tv_nsec == modified_.tv_nsec;
  if (!same) return Failure(changed(shown_));
  // Another file may stand there under the same name by now.
  struct stat there {};
  if (::stat(path_.c_str(), &there) != 0 || there.st_ino != info.st_ino || there.st_dev != info.st_dev) {
    return Failure(changed(shown_));
  }
  return {};
}

Result<void> still_same(const SourceFiles& files) {
  for (const auto& file : files) EAI_CHECK(file->still_same());
  return {};
}

}  // namespace eai::preserve
