// Why: the bytes of a file where the system holds them, without a copy: what is read twice on two cores, as for two hashes,
// is read at the speed of the hash. A plain mapping would end the program when somebody cuts the file meanwhile.
// Thread: open() from any; bytes() and cut() from several at once. The first open() takes over SIGBUS for good; what is none
// of a window's ends the program as it would have without us.
// What holds: bytes that the file no longer has, or that cannot be read, are zeros, and cut() says so from then on; but for
// those of the last page that it still has a part of: only the file's size tells of these.
#pragma once

#include <cstdint>
#include <memory>

#include "util/bytes.h"
#include "util/result.h"

namespace eai {

class FileWindow {
 public:
  // `size` bytes of the open file from `offset` on. They are read into memory where `may_map` is false (the holes of a sparse
  // file can take up room when they are looked at), the file system maps no files, or very many windows are open; Code::io
  // if that fails. Of mapped ones the system is told to read them soon.
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
  Bytes read_;  // unless mapped
  void* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
  Slot* slot_ = nullptr;
};

}  // namespace eai
