// GIF: the first frame on its screen. It is a small format, and a library for it would read whole animations.
#include <algorithm>
#include <array>
#include <optional>

#include "api/picture_formats.h"

namespace eai::api {
namespace {

constexpr std::uint32_t k_codes = 4096;  // of 12 bits

struct Frame {
  std::uint32_t x = 0, y = 0;
  PictureSize size;
  bool interlaced = false;
  ByteView colors;                          // RGB
  std::optional<std::uint8_t> transparent;  // an index
  std::size_t at = 0;                       // of its data in the file
};

// Bits from a chain of blocks, each of up to 255 bytes behind its length.
class Bits {
 public:
  Bits(ByteView file, std::size_t at) : file_(file), at_(at) {}

  std::optional<std::uint32_t> take(std::uint32_t count) {
    while (have_ < count) {
      if (left_ == 0) {
        left_ = at_ < file_.size() ? file_[at_++] : 0;
        if (left_ == 0) return {};
      }
      if (at_ >= file_.size()) return {};
      bits_ |= std::uint32_t{file_[at_++]} << have_;
      have_ += 8;
      --left_;
    }
    const std::uint32_t out = bits_ & ((1U << count) - 1);
    bits_ >>= count;
    have_ -= count;
    return out;
  }

 private:
  ByteView file_;
  std::size_t at_;
  std::uint32_t left_ = 0;  // of the block
  std::uint32_t bits_ = 0, have_ = 0;
};

// LZW: each code stands for a string, which is an earlier string and one more index.
class Strings {
 public:
  explicit Strings(std::uint32_t size) : clear_(1U << size), first_width_(size + 1) { clear(); }

  // Appends what the codes stand for until `wanted` indexes are there. False if they end before, or make no sense.
  bool read(Bits& bits, std::size_t wanted, Bytes& out) {
    while (out.size() < wanted) {
      const auto code = bits.take(width_);
      if (!code || *code == clear_ + 1) return false;
      if (*code == clear_) {
        clear();
      } else if (!put(*code, out)) {
        return false;
      }
    }
    out.resize(wanted);
    return true;
  }

 private:
  void clear() {
    next_ = clear_ + 2;
    width_ = first_width_;
    last_.reset();
  }

  bool put(std::uint32_t code, Bytes& out) {
    if (code > next_ || (code == next_ && !last_) || (!last_ && code > clear_)) return false;
    // A code that is just being made is the last string and that string's first index.
    std::size_t length = 0;
    std::uint32_t at = code == next_ ? *last_ : code;
    while (at > clear_) {
      reversed_[length++] = index_[at];
      at = before_[at];
    }
    const auto first = static_cast<std::uint8_t>(at);
    out.push_back(first);
    out.insert(out.end(), reversed_.rend() - static_cast<std::ptrdiff_t>(length), reversed_.rend());
    if (code == next_) out.push_back(first);
    if (last_ && next_ < k_codes) {
      before_[next_] = static_cast<std::uint16_t>(*last_);
      index_[next_] = first;
      if (++next_ == 1U << width_ && width_ < 12) ++width_;
    }
    last_ = code;
    return true;
  }

  const std::uint32_t clear_, first_width_;
  std::uint32_t next_ = 0, width_ = 0;
  std::optional<std::uint32_t> last_;
  std::array<std::uint16_t, k_codes> before_{};
  std::array<std::uint8_t, k_codes> index_{};
  std::array<std::uint8_t, k_codes> reversed_{};
};

// Colours that follow a byte of flags, and the place behind them.
ByteView colors_at(ByteView file, std::uint32_t flags, std::size_t& at) {
  if ((flags & 0x80) == 0) return {};
  const std::size_t size = std::size_t{3} << ((flags & 7) + 1);
  if (at > file.size() || file.size() - at < size) return {};
  at += size;
  return file.subspan(at - size, size);
}

void skip_blocks(ByteView file, std::size_t& at) {
  while (at < file.size() && file[at] != 0) at += 1 + std::size_t{file[at]};
  ++at;
}

Result<Frame> first_frame(ByteView file) {
  Frame frame;
  std::size_t at = 13;
  const ByteView screen_colors = colors_at(file, big(file, 10, 1), at);
  while (at + 1 < file.size()) {
    const std::uint8_t kind = file[at++];
    if (kind == 0x21) {  // an extension
      if (file[at] == 0xF9 && (big(file, at + 2, 1) & 1) != 0)
        frame.transparent = static_cast<std::uint8_t>(big(file, at + 5, 1));
      ++at;
      skip_blocks(file, at);
    } else if (kind == 0x2C && at + 9 < file.size()) {
      frame.x = little(file, at, 2);
      frame.y = little(file, at + 2, 2);
      frame.size = {little(file, at + 4, 2), little(file, at + 6, 2)};
      const std::uint32_t flags = file[at + 8];
      frame.interlaced = (flags & 0x40) != 0;
      at += 9;
      frame.colors = colors_at(file, flags, at);
      if (frame.colors.empty()) frame.colors = screen_colors;
      frame.at = at;
      return frame;
    } else {
      break;
    }
  }
  return damaged("GIF", "it has no frame");
}

Result<Bytes> indexes_of(ByteView file, const Frame& frame) {
  const std::uint32_t size = big(file, frame.at, 1);
  if (size < 1 || size > 8) return damaged("GIF", "its data makes no sense");
  Bytes out;
  const auto wanted = static_cast<std::size_t>(frame.size.pixels());
  out.reserve(wanted + k_codes);
  Bits bits(file, frame.at + 1);
  if (!Strings(size).read(bits, wanted, out)) return damaged("GIF", "its data ends too early or makes no sense");
  return out;
}

// Which of the stored rows is shown as row y.
std::uint32_t stored_row(std::uint32_t y, std::uint32_t height) {
  const auto rows = [&](std::uint32_t from, std::uint32_t step) {
    return height > from ? (height - from + step - 1) / step : 0;
  };
  if (y % 8 == 0) return y / 8;
  if (y % 8 == 4) return rows(0, 8) + y / 8;
  if (y % 4 == 2) return rows(0, 8) + rows(4, 8) + y / 4;
  return rows(0, 8) + rows(4, 8) + rows(2, 4) + y / 2;
}

void put_row(const Frame& frame, const std::uint8_t* indexes, std::uint8_t* rgba) {
  for (std::uint32_t x = 0; x < frame.size.width; ++x, rgba += 4) {
    const std::size_t index = indexes[x];
    if (frame.transparent && index == *frame.transparent) continue;
    if (3 * index + 3 <= frame.colors.size()) std::copy_n(frame.colors.data() + 3 * index, 3, rgba);
    rgba[3] = 255;
  }
}

}  // namespace

Result<ReadPicture> read_gif(ByteView file, const PictureBounds& bounds) {
  EAI_TRY(const Frame frame, first_frame(file));
  EAI_CHECK(check_size(frame.size, bounds.held_pixels, "GIF"));
  // A frame that lies over the edge makes the screen larger, as in browsers.
  const PictureSize screen{std::max(little(file, 6, 2), frame.x + frame.size.width),
                           std::max(little(file, 8, 2), frame.y + frame.size.height)};
  EAI_CHECK(check_size(screen, bounds.held_pixels, "GIF"));
  const auto room = claim_room(frame.size.pixels() + screen.pixels() * 3);
  EAI_TRY(const Bytes indexes, indexes_of(file, frame));
  Shrinker whole(screen, bounds);
  Bytes row;
  for (std::uint32_t y = 0; y < screen.height; ++y) {
    row.assign(std::size_t{screen.width} * 4, 0);
    if (y >= frame.y && y - frame.y < frame.size.height) {
      const std::uint32_t of_frame = y - frame.y;
      const std::size_t stored = frame.interlaced ? stored_row(of_frame, frame.size.height) : of_frame;
      put_row(frame, indexes.data() + stored * frame.size.width, row.data() + std::size_t{frame.x} * 4);
    }
    whole.add(row.data());
  }
  return whole.picture();
}

}  // namespace eai::api
