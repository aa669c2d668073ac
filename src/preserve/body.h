// Why: what is sent or written somewhere is described instead of copied, as a row of literal bytes and ranges of files.
// Thread: read() from any; a body does not change once it is built.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "http/client.h"
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
  // To be sent. This body must outlive the request.
  http::RequestBody request() const;

 private:
  struct Span {
    std::uint64_t begin = 0, size = 0;
    Bytes literal;
    std::shared_ptr<const SourceFile> file;
    std::uint64_t file_offset = 0;
  };
  void add(Span span);
  std::vector<Span> spans_;
  std::uint64_t size_ = 0;
};

}  // namespace eai::preserve
