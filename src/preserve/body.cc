#include "preserve/body.h"

#include <algorithm>

namespace eai::preserve {

void Body::add(Span span) {
  if (span.size == 0) return;
  span.begin = size_;
  size_ += span.size;
  spans_.push_back(std::move(span));
}

void Body::add(Bytes literal) {
  const std::uint64_t size = literal.size();
  add({0, size, std::move(literal), nullptr, 0});
}

void Body::add(std::shared_ptr<const SourceFile> file, ByteRange range) {
  add({0, range.size(), {}, std::move(file), range.begin});
}

void Body::add(const Body& other) { add(other, {0, other.size()}); }

void Body::add(const Body& other, ByteRange range) {
  for (const Span& span : other.spans_) {
    const std::uint64_t begin = std::max(range.begin, span.begin), end = std::min(range.end, span.begin + span.size);
    if (begin >= end) continue;
    const std::uint64_t inside = begin - span.begin;
    if (span.file) {
      add(span.file, {span.file_offset + inside, span.file_offset + inside + (end - begin)});
    } else {
      const auto from = span.literal.begin() + static_cast<std::ptrdiff_t>(inside);
      add(Bytes(from, from + static_cast<std::ptrdiff_t>(end - begin)));
    }
  }
}

Result<void> Body::read(std::uint64_t offset, std::span<std::uint8_t> into) const {
  auto at = std::upper_bound(spans_.begin(), spans_.end(), offset,
                             [](std::uint64_t value, const Span& p) { return value < p.begin; });
  --at;
  while (!into.empty()) {
    const std::uint64_t inside = offset - at->begin;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), at->size - inside));
    if (at->file) {
      EAI_CHECK(at->file->read(at->file_offset + inside, into.first(size)));
    } else {
      std::copy_n(at->literal.begin() + static_cast<std::ptrdiff_t>(inside), size, into.begin());
    }
    into = into.subspan(size);
    offset += size;
    ++at;
  }
  return {};
}

http::RequestBody Body::request() const {
  return {size_, [this](std::uint64_t offset, std::span<std::uint8_t> into) { return read(offset, into); }};
}

}  // namespace eai::preserve
