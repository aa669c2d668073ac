// Why: somebody may still be writing to the files of the folder while they are read.
// Thread: read(), window() and whole() from any; open() and still_same() from one.
// What holds: the bytes come from the file that was opened. still_same() finds out whether it has changed since then;
// read() and whole() notice if it has become shorter. A link to a file stands for that file.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "util/bytes.h"
#include "util/file.h"
#include "util/file_window.h"
#include "util/result.h"

namespace eai::preserve {

class SourceFile {
 public:
  // `name` is the path below the folder. Code::invalid if it is not a regular file.
  static Result<std::shared_ptr<SourceFile>> open(const fs::path& folder, const std::string& name);
  // A file that this program made itself, already open for reading and writing.
  static std::shared_ptr<SourceFile> own(std::string name, UniqueFd fd);
  int fd() const { return fd_.get(); }
  // After writing to such a file: its size from now on.
  void set_size(std::uint64_t size) { size_ = size; }
  // What the model's file is called; at first the path below the folder.
  const std::string& name() const { return name_; }
  void call(std::string name) { name_ = std::move(name); }
  bool is(const SourceFile& other) const;  // the same file, perhaps under another name
  const fs::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> into) const;
  // The bytes without a copy. They count only if `whole` says afterwards that they were all there.
  Result<std::shared_ptr<const FileWindow>> window(ByteRange range) const;
  Result<void> whole(const FileWindow& window) const;
  // Code::busy if size, time of change or identity differ from when it was opened. Not for files made by own().
  Result<void> still_same() const;

 private:
  bool shorter() const;          // than when it was opened
  Error why(Error error) const;  // that it changed, if it became shorter
  SourceFile(std::string name, fs::path path, UniqueFd fd)
      : name_(std::move(name)), shown_(name_), path_(std::move(path)), fd_(std::move(fd)) {}
  std::string name_, shown_;  // shown_: for people, as it lies in the folder
  fs::path path_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  bool sparse_ = false;
  timespec modified_{};
};

using SourceFiles = std::vector<std::shared_ptr<SourceFile>>;
Result<void> still_same(const SourceFiles& files);

}  // namespace eai::preserve
