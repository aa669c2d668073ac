// BMP: uncompressed, of 1 to 32 bits per pixel, with or without masks. It has a dozen kinds, of which the engine's
// reader takes some; it gets all of them as PNG.
#include <algorithm>
#include <array>
#include <bit>

#include "api/picture_formats.h"

namespace eai::api {
namespace {

constexpr std::size_t k_file_head = 14, k_oldest_head = 12, k_usual_head = 40;
constexpr std::uint32_t k_plain = 0, k_masks = 3, k_alpha_masks = 6;

struct Head {
  PictureSize size;
  bool top_down = false;
  std::uint32_t bits = 0;                // of a pixel
  std::array<std::uint32_t, 4> masks{};  // red, green, blue, alpha
  ByteView colors;
  std::size_t color_bytes = 4;  // of one
  ByteView rows;
  std::size_t stride = 0;
};

// A number in the bits of a mask, as 0 to 255.
std::uint8_t channel(std::uint32_t pixel, std::uint32_t mask) {
  if (mask == 0) return 0;
  const auto width = static_cast<std::uint32_t>(std::popcount(mask));
  const std::uint64_t value = (pixel & mask) >> std::countr_zero(mask);
  const std::uint64_t most = width >= 32 ? 0xFFFFFFFFU : (1U << width) - 1;
  return static_cast<std::uint8_t>((std::min(value, most) * 255 + most / 2) / most);
}

Result<void> read_masks(ByteView file, std::size_t head_size, std::uint32_t compression, Head& head) {
  if (compression == k_plain) {
    head.masks = head.bits == 16 ? std::array<std::uint32_t, 4>{0x7C00, 0x3E0, 0x1F, 0}
                                 : std::array<std::uint32_t, 4>{0xFF0000, 0xFF00, 0xFF, 0};
    return {};
  }
  if ((compression != k_masks && compression != k_alpha_masks) || (head.bits != 16 && head.bits != 32)) {
    return fail(Code::invalid, "it is a compressed BMP, which is not read; send it as PNG");
  }
  const std::size_t masks = compression == k_alpha_masks || head_size >= 56 ? 4 : 3;
  for (std::size_t i = 0; i < masks; ++i) head.masks[i] = little(file, k_file_head + k_usual_head + 4 * i, 4);
  return {};
}

Result<Head> read_head(ByteView file, const PictureBounds& bounds) {
  const std::size_t head_size = little(file, k_file_head, 4);
  const bool oldest = head_size == k_oldest_head;
  if (!oldest && (head_size < k_usual_head || head_size > 4 * k_kib)) return damaged("BMP", "it has no header");
  Head head;
  auto height = static_cast<std::int32_t>(oldest ? little(file, 20, 2) : little(file, 22, 4));
  head.top_down = height < 0;
  head.size = {oldest ? little(file, 18, 2) : little(file, 18, 4),
               head.top_down ? 0U - static_cast<std::uint32_t>(height) : static_cast<std::uint32_t>(height)};
  head.bits = little(file, oldest ? 24 : 28, 2);
  EAI_CHECK(check_size(head.size, bounds.pixels, "BMP"));
  constexpr std::array<std::uint32_t, 6> k_depths{1, 4, 8, 16, 24, 32};
  if (std::find(k_depths.begin(), k_depths.end(), head.bits) == k_depths.end())
    return damaged("BMP", "its header says " + std::to_string(head.bits) + " bits per pixel");
  const std::uint32_t compression = oldest ? k_plain : little(file, 30, 4);
  EAI_CHECK(read_masks(file, head_size, compression, head));
  std::size_t at = k_file_head + head_size;
  if (head_size == k_usual_head && compression != k_plain) at += compression == k_alpha_masks ? 16 : 12;
  const std::size_t pixels_at = little(file, 10, 4);
  if (head.bits <= 8) {
    head.color_bytes = oldest ? 3 : 4;
    const std::size_t size = std::min((std::size_t{1} << head.bits) * head.color_bytes, std::max(pixels_at, at) - at);
    if (at < file.size()) head.colors = file.subspan(at, std::min(size, file.size() - at));
  }
  head.stride = (std::size_t{head.size.width} * head.bits + 31) / 32 * 4;
  if (pixels_at > file.size() || (file.size() - pixels_at) / head.stride < head.size.height)
    return damaged("BMP", "it ends too early");
  head.rows = file.subspan(pixels_at);
  return head;
}

void read_row(const Head& head, ByteView row, std::uint8_t* rgba) {
  for (std::uint32_t x = 0; x < head.size.width; ++x, rgba += 4) {
    rgba[3] = 255;
    if (head.bits <= 8) {
      const std::size_t bit = std::size_t{x} * head.bits;
      const std::size_t index = (row[bit / 8] >> (8 - head.bits - bit % 8)) & ((1U << head.bits) - 1);
      const std::size_t color = index * head.color_bytes;
      for (std::size_t c = 0; c < 3; ++c) rgba[c] = color + 3 <= head.colors.size() ? head.colors[color + 2 - c] : 0;
      continue;
    }
    const std::uint32_t pixel = little(row, std::size_t{x} * head.bits / 8, head.bits / 8);
    for (std::size_t c = 0; c < 3; ++c) rgba[c] = channel(pixel, head.masks[c]);
    if (head.masks[3] != 0) rgba[3] = channel(pixel, head.masks[3]);
  }
}

// Programs name a mask for transparency and leave it empty everywhere, which means opaque.
bool has_alpha(const Head& head) {
  if (head.bits != 32 || head.masks[3] == 0) return false;
  for (std::uint32_t y = 0; y < head.size.height; ++y) {
    for (std::uint32_t x = 0; x < head.size.width; ++x)
      if ((little(head.rows, y * head.stride + std::size_t{x} * 4, 4) & head.masks[3]) != 0) return true;
  }
  return false;
}

}  // namespace

Result<ReadPicture> read_bmp(ByteView file, const PictureBounds& bounds) {
  EAI_TRY(Head head, read_head(file, bounds));
  if (!has_alpha(head)) head.masks[3] = 0;
  Shrinker whole(head.size, bounds);
  Bytes row(std::size_t{head.size.width} * 4);
  for (std::uint32_t y = 0; y < head.size.height; ++y) {
    const std::size_t stored = head.top_down ? y : head.size.height - 1 - y;
    read_row(head, head.rows.subspan(stored * head.stride, head.stride), row.data());
    whole.add(row.data());
  }
  return whole.picture();
}

}  // namespace eai::api
