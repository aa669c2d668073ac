// Why: this reads a file's bytes where the system already holds them, without a copy, so that two hashes of the same
// bytes on two cores run at the speed of the hash. A plain mapping would end the program if somebody cut the file while
// it is read.
// Thread: any thread may call open(), and several at once may call bytes() and cut(). The first open() takes over
// SIGBUS for good; a SIGBUS that does not come from a window ends the program as it would have without us.
// What holds: bytes that the file no longer has, or that cannot be read, are zeros, and from then on cut() says so. The
// one exception is the last page of which the file still has a part: only the file's size shows that bytes are missing
// there.
#pragma once

#include <cstdint>
#include <memory>

#include "util/bytes.h"
#include "util/result.h"

namespace eai {

class FileWindow {
 public:
  // A window on `size` bytes of the open file, starting at `offset`. The bytes are read into memory if `may_map` is
  // false (the holes of a sparse file can take up room once they are looked at), if the file system cannot map files,
  // or if very many windows are open; Code::io if that fails. The system is asked to read the mapped bytes ahead.
  static Result<std::shared_ptr<const FileWindow>> open(int fd, std::uint64_t offset, std::size_t size,
                                                        bool may_map = true);
  ~FileWindow();
  FileWindow(const FileWindow&) = delete;

  ByteView bytes() const { return bytes_; }
  bool cut() const;

 private:
  struct Slot;
  friend struct BusErrors;
  FileWindow() = default;

  ByteView bytes_;
  Bytes read_;  // empty if the file is mapped
  void* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
  Slot* slot_ = nullptr;
};

}  // namespace eai
