// Why: blocks also lie on disks: in folders, as files named by their CID, shipped with the program or on a USB stick; and in
// CAR files.
// Thread: one; blocking disk I/O.
// What holds: the file is open, so its name may go. Its bytes are not proven. They can change while they are read: what
// was hashed and what is read again later is the same only if unchanged() says so.
#pragma once

#include <chrono>
#include <memory>

#include <sys/stat.h>

#include "ipld/car_index.h"
#include "ipld/cid.h"
#include "peers/sources.h"
#include "util/file.h"

namespace eai::peers {

// An open CAR.
struct CarFile {
  fs::path path;
  std::shared_ptr<UniqueFd> file;
  ipld::CarIndex index;

  // Errors of CarIndex::read(); Code::not_found or io if it cannot be opened.
  static Result<std::shared_ptr<const CarFile>> open(const fs::path& path,
                                                     std::size_t most_blocks = ipld::CarIndex::k_most_blocks);
};

class FolderBlock {
 public:
  // Code::not_found if the folder has no regular file of this name, or it cannot be read.
  static Result<FolderBlock> open(const fs::path& folder, const ipld::Cid& cid,
                                  std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

  // Of a source that is a folder or a CAR. Errors as above.
  static Result<FolderBlock> open(const Source& source, const ipld::Cid& cid);

  const fs::path& path() const { return path_; }
  const std::shared_ptr<UniqueFd>& file() const { return file_; }
  std::uint64_t offset() const { return range_.begin; }
  std::uint64_t size() const { return range_.size(); }
  // Code::invalid if it is larger than the limit.
  Result<Bytes> read(std::uint64_t limit) const;

  // Whether nobody has written to the file since open(). A write in the very moment of open() may leave no trace in the
  // file's times; where that cannot be ruled out the answer is no.
  bool unchanged() const;

 private:
  FolderBlock(fs::path path, std::shared_ptr<UniqueFd> file, ByteRange range, const struct stat& opened, bool calm)
      : path_(std::move(path)), file_(std::move(file)), range_(range), opened_(opened), calm_(calm) {}
  fs::path path_;
  std::shared_ptr<UniqueFd> file_;
  ByteRange range_;
  struct stat opened_ {};
  bool calm_;  // its last change lay so far back that the next one gets another time
};

}  // namespace eai::peers
