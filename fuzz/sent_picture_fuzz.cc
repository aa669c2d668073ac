// Pictures that strangers send to a model that sees, as data: URIs or as files.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/data_uri.h"
#include "api/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eai;
  using namespace eai::api;
  PictureBounds bounds;
  bounds.engine_pixels = 1 << 12;
  bounds.engine_side = 256;
  bounds.photo_pixels = bounds.pixels = bounds.held_pixels = 1 << 18;
  bounds.buffered_bytes = 4 * k_mib;
  const ByteView file(data, size);
  const auto uri = read_data_uri(text_of(file));
  for (const Bytes& bytes : {Bytes(file.begin(), file.end()), uri ? *uri : Bytes()}) {
    const auto picture = picture_for_engine(bytes, bounds);
    if (!picture) continue;
    if (picture->pixels == 0 || picture->pixels > bounds.engine_pixels) __builtin_trap();
    if (picture->type != picture_type(picture->bytes)) __builtin_trap();
    // What was made for the engine needs nothing more.
    const auto again = picture_for_engine(picture->bytes, bounds);
    if (!again || (picture->changed && again->changed) || again->pixels != picture->pixels) __builtin_trap();
  }
  return 0;
}
