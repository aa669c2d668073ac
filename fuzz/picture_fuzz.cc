// Pictures that strangers send to be edited, and the requests that carry them, as the image engine reads them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "image_engine/job.h"
#include "image_engine/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eai::image_engine;
  constexpr std::int64_t k_pixels = 1 << 20;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto picture = decode(text, k_pixels)) {
    const auto pixels = static_cast<std::size_t>(picture->width) * static_cast<std::size_t>(picture->height);
    if (picture->pixels.size() != pixels * 4 || flattened(*picture).pixels.size() != pixels * 3 ||
        drawing_mask(*picture).pixels.size() != pixels)
      __builtin_trap();
  }
  Options options;
  options.bounds.max_pixels = k_pixels;
  options.defaults.edit = size % 2 == 0 ? EditMode::init : EditMode::reference;
  (void)parse_request(text, options);
  return 0;
}
