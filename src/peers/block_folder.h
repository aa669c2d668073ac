// Why: blocks also lie in folders, as files named by their CID: shipped with the program, or on a USB stick.
// Thread: one; blocking disk I/O.
// What holds: the file is open, so its name may go. Its bytes are not proven. They can change while they are read: what
// was hashed and what is read again later is the same only if unchanged() says so.
#pragma once

#include <chrono>
#include <memory>

#include <sys/stat.h>

#include "ipld/cid.h"
#include "util/file.h"

namespace eai::peers {

class FolderBlock {
 public:
  // Code::not_found if the folder has no regular file of this name, or it cannot be read.
  static Result<FolderBlock> open(const fs::path& folder, const ipld::Cid& cid,
                                  std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

  const fs::path& path() const { return path_; }
  const std::shared_ptr<UniqueFd>& file() const { return file_; }
  std::uint64_t size() const { return static_cast<std::uint64_t>(opened_.st_size); }

  // Whether nobody has written to the file since open(). A write in the very moment of open() may leave no trace in the
  // file's times; where that cannot be ruled out the answer is no.
  bool unchanged() const;

 private:
  FolderBlock(fs::path path, std::shared_ptr<UniqueFd> file, const struct stat& opened, bool calm)
      : path_(std::move(path)), file_(std::move(file)), opened_(opened), calm_(calm) {}
  fs::path path_;
  std::shared_ptr<UniqueFd> file_;
  struct stat opened_ {};
  bool calm_;  // its last change lay so far back that the next one gets another time
};

}  // namespace eai::peers
