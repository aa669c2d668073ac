// Why: converts pictures between pixels and the bytes of a file.
// Thread: any thread; these are pure functions.
// What holds: decode() reads the size from the header before it allocates pixels, so a decompression bomb costs nothing.
// Source: PNG, JPEG, WebP through libpng's simplified interface, libjpeg-turbo and libwebp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace eai::image_engine {

struct Picture {
  int width = 0, height = 0;         // pixels
  int channels = 3;                  // 1 grey, 3 RGB, 4 RGBA
  std::vector<std::uint8_t> pixels;  // row by row, width * height * channels
};

enum class Format { png, jpeg, webp };
std::string_view name_of(Format format);
Result<Format> parse_format(std::string_view name);

// RGBA whatever the file had. Code::invalid: not a picture, damaged, or more than `max_pixels`.
Result<Picture> decode(std::string_view file, std::int64_t max_pixels);

// As it is, or made smaller to have at most so many pixels; each new one is the mean of those that it stands for.
Picture shrunk(Picture picture, std::int64_t max_pixels);

// RGB, what is transparent over white.
Picture flattened(const Picture& rgba);

// Grey: 255 where to draw. A mask with transparency says it by that; one without by white.
Picture drawing_mask(const Picture& rgba);

struct Encoding {
  Format format = Format::png;
  int quality = 100;  // jpeg and webp, 0…100
  bool fast = false;  // png: larger, sooner
  std::string text;   // png: stored under "parameters" when not empty, UTF-8
};

// `picture` is RGB. Code::io if the codec has no memory.
Result<std::string> encode(const Picture& picture, const Encoding& encoding);

}  // namespace eai::image_engine
