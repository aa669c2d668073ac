#include "engine/picture_sizes.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace eai::engine {
namespace {

// They make one square of every picture, unless they name grids.
constexpr std::array<std::string_view, 7> k_square = {"adapter", "cogvlm", "gemma3", "gemma3nv", "ldp", "ldpv2", "mlp"};
constexpr std::uint64_t k_least = 512 * 512;  // no smaller, even for tiny projectors
constexpr std::uint64_t k_pictures = 8;       // of a request that may have their full size
constexpr std::uint64_t k_pixel_bytes = 3;    // decoded
constexpr std::uint64_t k_sent_bytes = 6;     // of a file's byte: thrice as base64, and once as a file, rounded up

}  // namespace

PictureSizes picture_sizes(const model::GgufInfo& projector) {
  PictureSizes sizes;
  const std::uint64_t side = projector.picture_side;
  const bool square = std::ranges::find(k_square, projector.projector_type) != k_square.end();
  if (!square || projector.tiles_pictures || side == 0 || side >= 65'536) return sizes;
  sizes.each = std::clamp(4 * side * 4 * side, k_least, sizes.each);
  sizes.all = std::min(sizes.all, k_pictures * sizes.each);
  return sizes;
}

std::uint64_t picture_bytes(const PictureSizes& sizes) {
  return k_pixel_bytes * (sizes.all + 2 * sizes.each) + k_sent_bytes * sizes.all;
}

}  // namespace eai::engine
