// What all formats share: sizes and bounds, orientation, and making smaller.
#include <algorithm>
#include <array>

#include "api/picture_formats.h"

namespace eai::api {
namespace {

constexpr std::uint32_t k_side_limit = 65'535;        // pixels, before a picture is made smaller
constexpr std::uint64_t k_shape_limit = 200;          // the longer side, in shorter ones; vision models fail beyond it
constexpr std::uint64_t k_room_for_all = 48 * k_mib;  // a picture that needs more waits for its turn
constexpr std::uint32_t k_orientation_tag = 0x0112;
constexpr std::uint32_t k_ifd_limit = 512;  // entries that are looked at

std::string in_millions(std::uint64_t pixels) {
  const std::uint64_t tenths = (pixels + 50'000) / 100'000;
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + " million";
}

std::uint8_t over_white(std::uint32_t value, std::uint32_t alpha) {
  return static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

std::uint32_t number(ByteView bytes, std::size_t at, std::size_t size, bool is_little) {
  return is_little ? little(bytes, at, size) : big(bytes, at, size);
}

}  // namespace

std::uint32_t little(ByteView bytes, std::size_t at, std::size_t size) {
  if (at > bytes.size() || bytes.size() - at < size) return 0;
  std::uint32_t out = 0;
  for (std::size_t i = size; i > 0; --i) out = out << 8 | bytes[at + i - 1];
  return out;
}

std::uint32_t big(ByteView bytes, std::size_t at, std::size_t size) {
  if (at > bytes.size() || bytes.size() - at < size) return 0;
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out = out << 8 | bytes[at + i];
  return out;
}

Failure damaged(std::string_view kind, std::string_view why) {
  return fail(Code::invalid, "it is a damaged " + std::string(kind) + ": " + std::string(why));
}

Result<void> check_size(PictureSize size, std::uint64_t most, std::string_view kind) {
  const std::string text = std::to_string(size.width) + "x" + std::to_string(size.height) + " pixels";
  if (size.width == 0 || size.height == 0) return damaged(kind, "its header says " + text);
  if (size.pixels() > most) {
    return fail(Code::invalid, "it has " + text + ", " + in_millions(size.pixels()) + " in all; a " +
                                   std::string(kind) + " of this kind may have " + in_millions(most));
  }
  const auto [shorter, longer] = std::minmax(size.width, size.height);
  if (longer > k_side_limit)
    return fail(Code::invalid, "it has " + text + "; a side may have " + std::to_string(k_side_limit));
  if (longer > shorter * k_shape_limit) {
    return fail(Code::invalid, "it has " + text + "; one side may be " + std::to_string(k_shape_limit) +
                                   " times as long as the other");
  }
  return {};
}

std::uint32_t shrink_factor(PictureSize size, const PictureBounds& bounds) {
  std::uint32_t factor = 1;
  auto part = [&](std::uint32_t side) { return (side + factor - 1) / factor; };
  while (std::uint64_t{part(size.width)} * part(size.height) > bounds.engine_pixels ||
         part(std::max(size.width, size.height)) > bounds.engine_side)
    ++factor;
  return factor;
}

Shrinker::Shrinker(PictureSize from, const PictureBounds& bounds) : from_(from), factor_(shrink_factor(from, bounds)) {
  out_.size = {(from.width + factor_ - 1) / factor_, (from.height + factor_ - 1) / factor_};
  out_.rgb.resize(static_cast<std::size_t>(out_.size.pixels() * 3));
  to_ = out_.rgb.data();
  if (factor_ > 1) sums_.resize(std::size_t{out_.size.width} * 3);
}

void Shrinker::add(const std::uint8_t* rgba) {
  ++row_;
  if (factor_ == 1) {
    for (std::uint32_t x = 0; x < from_.width; ++x, rgba += 4) {
      const std::uint32_t alpha = rgba[3];
      transparent_ |= alpha != 255;
      for (std::size_t c = 0; c < 3; ++c) *to_++ = alpha == 255 ? rgba[c] : over_white(rgba[c], alpha);
    }
    return;
  }
  std::uint32_t* sum = sums_.data();
  for (std::uint32_t x = 0; x < from_.width; sum += 3) {
    for (const std::uint32_t end = std::min(x + factor_, from_.width); x < end; ++x, rgba += 4) {
      const std::uint32_t alpha = rgba[3];
      transparent_ |= alpha != 255;
      for (std::size_t c = 0; c < 3; ++c) sum[c] += alpha == 255 ? rgba[c] : over_white(rgba[c], alpha);
    }
  }
  if (row_ % factor_ == 0 || row_ == from_.height) end_row();
}

void Shrinker::end_row() {
  const std::uint32_t rows = (row_ - 1) % factor_ + 1;
  for (std::uint32_t x = 0; x < out_.size.width; ++x) {
    const std::uint32_t count = rows * std::min(factor_, from_.width - x * factor_);
    for (std::size_t c = 0; c < 3; ++c)
      *to_++ = static_cast<std::uint8_t>((sums_[std::size_t{x} * 3 + c] + count / 2) / count);
  }
  std::fill(sums_.begin(), sums_.end(), 0);
}

std::unique_lock<std::mutex> claim_room(std::uint64_t bytes) {
  static std::mutex one_at_a_time;
  return bytes > k_room_for_all ? std::unique_lock(one_at_a_time) : std::unique_lock<std::mutex>();
}

int exif_orientation(ByteView exif) {
  using namespace std::string_view_literals;
  if (text_of(exif).starts_with("Exif\0\0"sv)) exif = exif.subspan(6);
  const std::string_view text = text_of(exif);
  const bool is_little = text.starts_with("II*\0"sv);
  if (!is_little && !text.starts_with("MM\0*"sv)) return 1;
  const std::size_t ifd = number(exif, 4, 4, is_little);
  const std::uint32_t entries = std::min(number(exif, ifd, 2, is_little), k_ifd_limit);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::size_t entry = ifd + 2 + std::size_t{i} * 12;
    if (number(exif, entry, 2, is_little) != k_orientation_tag) continue;
    const bool is_long = number(exif, entry + 2, 2, is_little) == 4;
    const std::uint32_t value = number(exif, entry + 8, is_long ? 4 : 2, is_little);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Raster upright(Raster raster, int orientation) {
  if (orientation == 1) return raster;
  const bool turned = orientation >= 5;  // rows become columns
  // Where the new picture's first pixel was, and which way it goes on.
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const auto [width, height] = raster.size;
  Raster out{turned ? PictureSize{height, width} : raster.size, Bytes(raster.rgb.size())};
  std::uint8_t* to = out.rgb.data();
  for (std::uint32_t y = 0; y < out.size.height; ++y) {
    for (std::uint32_t x = 0; x < out.size.width; ++x, to += 3) {
      const std::uint32_t u = turned ? y : x, v = turned ? x : y;
      const std::size_t column = from_right ? width - 1 - u : u, row = from_bottom ? height - 1 - v : v;
      std::copy_n(raster.rgb.data() + (row * width + column) * 3, 3, to);
    }
  }
  return out;
}

}  // namespace eai::api
