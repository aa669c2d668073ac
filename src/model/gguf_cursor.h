// Why: gguf.cc reads the header of a GGUF file as a row of numbers and texts, and trusts none of them.
// Thread: one at a time.
// What holds: it never asks for bytes past the end of the file, and allocates memory only for bytes that the file has.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "model/gguf.h"
#include "util/bytes.h"
#include "util/result.h"
#include "util/text.h"

namespace eai::model {

// With the largest vocabularies, headers have about 20 MiB.
inline constexpr std::uint64_t k_gguf_header_limit = 128 * k_mib;

inline Failure bad_gguf(std::string what) { return fail(Code::invalid, "not a usable GGUF file: " + std::move(what)); }

inline std::string quoted_key(std::string_view text) { return "\"" + printable(text, 80) + "\""; }

// Reads the bytes of the header in order, through a window.
class GgufCursor {
 public:
  GgufCursor(const ReadAt& read, std::uint64_t file_size)
      : read_(read), end_(std::min(file_size, k_gguf_header_limit)), whole_(file_size <= k_gguf_header_limit) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return end_ - position_; }

  Result<void> skip(std::uint64_t size) {
    EAI_CHECK(need(size));
    position_ += size;
    return {};
  }

  Result<void> bytes(std::span<std::uint8_t> into) {
    EAI_CHECK(need(into.size()));
    while (!into.empty()) {
      if (position_ < window_begin_ || position_ >= window_begin_ + window_.size()) EAI_CHECK(fill());
      const std::size_t at = position_ - window_begin_;
      const std::size_t size = std::min(into.size(), window_.size() - at);
      std::memcpy(into.data(), window_.data() + at, size);
      into = into.subspan(size);
      position_ += size;
    }
    return {};
  }

  // A little-endian number of `size` bytes.
  Result<std::uint64_t> number(std::uint64_t size) {
    std::uint8_t raw[8] = {};
    EAI_CHECK(bytes({raw, size}));
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8 | raw[i];
    return value;
  }
  Result<std::uint32_t> u32() {
    EAI_TRY(std::uint64_t value, number(4));
    return static_cast<std::uint32_t>(value);
  }
  Result<std::uint64_t> u64() { return number(8); }

  Result<std::string> text(std::uint64_t limit, std::string_view what) {
    EAI_TRY(std::uint64_t size, u64());
    if (size > limit) return bad_gguf(std::string(what) + " has " + std::to_string(size) + " bytes");
    EAI_CHECK(need(size));
    std::string out(size, '\0');
    EAI_CHECK(bytes({reinterpret_cast<std::uint8_t*>(out.data()), out.size()}));
    return out;
  }

 private:
  Result<void> need(std::uint64_t size) const {
    if (size <= left()) return {};
    if (whole_) return bad_gguf("it ends in the middle of its header");
    return bad_gguf("its header is larger than " + human_bytes(k_gguf_header_limit));
  }
  Result<void> fill() {
    window_.resize(std::min(k_window, end_ - position_));
    window_begin_ = position_;
    return read_(window_begin_, window_);
  }

  static constexpr std::uint64_t k_window = 256 * k_kib;
  const ReadAt& read_;
  std::uint64_t end_;
  bool whole_;
  std::uint64_t position_ = 0;
  std::uint64_t window_begin_ = 0;
  Bytes window_;
};

}  // namespace eai::model
