// Why: what is sent or written somewhere, described and not copied: literal bytes and ranges of files in a row.
// Thread: read() from any; immutable once built.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "preserve/source_files.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::preserve {

class Body {
 public:
  void add(Bytes literal);
  void add(std::shared_ptr<const SourceFile> file, ByteRange range);
  void add(const Body& other);
  void add(const Body& other, ByteRange range);  // inside other.size()
  std::uint64_t size() const { return size_; }
  // The bytes from `offset`, which with `into`'s size lies inside size().
  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> into) const;

 private:
  struct Piece {
    std::uint64_t begin = 0, size = 0;
    Bytes literal;
    std::shared_ptr<const SourceFile> file;
    std::uint64_t file_offset = 0;
  };
  void add(Piece piece);
  std::vector<Piece> pieces_;
  std::uint64_t size_ = 0;
};

}  // namespace eai::preserve
