// Why: people send pictures as their cameras, browsers and programs make them, and the engine reads less than that: it
// knows neither WebP nor how a photograph was held, shows what is transparent as black, and believes a header that
// promises a thousand times more pixels than the file has bytes. So a picture is read here first, and the engine gets
// one that it surely reads, of bounded size.
// Thread: any; pure functions that block for up to a second or two per picture, so that they belong on a worker.
// What holds: the type comes from the first bytes. The size comes from the header, before there is room for a pixel.
// Only the first picture of an animation is read. Nothing but the pixels goes on if the picture is changed: no text, no
// position, no thumbnail. Pictures that need much room are read one at a time. A failure is Code::invalid and its
// message begins with "it", for a caller that names the picture; Code::unsupported: a codec is not installed.
// Source: PNG (W3C), JPEG (ITU-T T.81), WebP (RFC 9649), GIF89a, BMP (BITMAPINFOHEADER and its kin), Exif 2.3; and
// stb_image 2.30, by which llama.cpp reads pictures.
#pragma once

#include <cstdint>
#include <string_view>

#include "util/bytes.h"
#include "util/result.h"

namespace eai::api {

// "image/png" for PNG, JPEG, GIF, WebP and BMP by their first bytes; else "".
std::string_view picture_type(ByteView bytes);

// What a picture may have, in pixels.
struct PictureBounds {
  std::uint64_t engine_pixels = 8'400'000;  // a larger one is made smaller
  std::uint32_t engine_side = 16'384;
  std::uint64_t engine_bytes = UINT64_MAX;   // a file that has more becomes a JPEG of fewer
  std::uint64_t photo_pixels = 256'000'000;  // a JPEG is made smaller while it is read, and costs no memory
  std::uint64_t pixels = 64'000'000;         // what is read row by row
  std::uint64_t held_pixels = 32'000'000;    // what must be held whole: interlaced PNG, GIF, lossless WebP, animations
  std::uint64_t buffered_bytes = 192 * k_mib;  // what a progressive JPEG must keep until its last byte
};

struct EnginePicture {
  std::string_view type;  // "image/png" or "image/jpeg"
  Bytes bytes;
  bool changed = false;      // these are not the bytes that came
  std::uint64_t pixels = 0;  // that the engine will hold
};

// PNG or JPEG, upright, opaque, of at most `engine_pixels`. What is transparent shows white, because most drawings with
// transparency are dark ones for a white page. A JPEG that lacks less than an eighth of its rows is taken.
Result<EnginePicture> picture_for_engine(Bytes bytes, const PictureBounds& bounds = {});

}  // namespace eai::api
