// Why: checkpoints keep the unpacker's state as bytes. They are read only on the machine that wrote them.
// Thread: any; these are plain values.
// What holds: numbers are little endian and have 64 bits, and the length of a text or blob comes before it. A reader
// that runs out of bytes gives zeros and empty values, and says so once, at the end, in good().
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "util/bytes.h"

namespace eai::model {

class StateWriter {
 public:
  void number(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  void blob(ByteView bytes) {
    number(bytes.size());
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void text(std::string_view value) { blob(view_of(value)); }
  template <typename T>
  void object(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    blob({reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
  }
  const Bytes& bytes() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

class StateReader {
 public:
  explicit StateReader(ByteView bytes) : rest_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    const ByteView bytes = take(8);
    for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
    return value;
  }
  ByteView blob() { return take(number()); }
  std::string text() { return std::string(text_of(blob())); }
  template <typename T>
  void object(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const ByteView bytes = blob();
    good_ = good_ && bytes.size() == sizeof value;
    if (good_) std::memcpy(&value, bytes.data(), sizeof value);
  }
  // Everything was there, and nothing is left over.
  bool good() const { return good_ && rest_.empty(); }

 private:
  ByteView take(std::uint64_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const ByteView front = rest_.first(size);
    rest_ = rest_.subspan(size);
    return front;
  }
  ByteView rest_;
  bool good_ = true;
};

}  // namespace eai::model
