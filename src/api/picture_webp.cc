// WebP: its chunks are read here, its pixels by libwebp, which can make them smaller while it reads. Of an animation
// the first frame is cut out and read as a picture of its own.
#include <algorithm>
#include <cstring>

#include "api/picture_formats.h"
#include "api/picture_libraries.h"

namespace eai::api {
namespace {

constexpr std::size_t k_riff_head = 12, k_chunk_head = 8, k_frame_head = 16;
constexpr int k_lossless = 2;  // libwebp's name for it

struct Frame {
  PictureSize size;
  std::uint32_t x = 0, y = 0;
  Bytes file;
};

// The content of the first chunk of this name.
ByteView chunk(ByteView chunks, std::string_view name) {
  while (chunks.size() >= k_chunk_head) {
    const std::size_t size = little(chunks, 4, 4);
    const ByteView rest = chunks.subspan(k_chunk_head);
    if (text_of(chunks.first(4)) == name) return rest.first(std::min(size, rest.size()));
    const std::size_t step = size + size % 2;
    if (step > rest.size()) return {};
    chunks = rest.subspan(step);
  }
  return {};
}

void append(Bytes& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }

void append(Bytes& to, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// A frame's chunks become a file with the head that transparency needs.
Result<Frame> first_frame(ByteView file) {
  const ByteView body = chunk(file.subspan(k_riff_head), "ANMF");
  if (body.size() < k_frame_head) return damaged("WebP", "it moves but has no frame");
  Frame frame;
  frame.x = 2 * little(body, 0, 3);
  frame.y = 2 * little(body, 3, 3);
  frame.size = {little(body, 6, 3) + 1, little(body, 9, 3) + 1};
  const ByteView data = body.subspan(k_frame_head);
  frame.file.reserve(data.size() + 64);
  append(frame.file, "RIFF");
  append(frame.file, static_cast<std::uint32_t>(4 + 18 + data.size()), 4);
  append(frame.file, "WEBPVP8X");
  append(frame.file, 10, 4);
  append(frame.file, 0x10, 4);  // it may be transparent
  append(frame.file, frame.size.width - 1, 3);
  append(frame.file, frame.size.height - 1, 3);
  frame.file.insert(frame.file.end(), data.begin(), data.end());
  return frame;
}

Result<WebPBitstreamFeatures> features_of(const WebP& library, ByteView file) {
  WebPBitstreamFeatures features;
  if (library.get_features(file.data(), file.size(), &features, WEBP_DECODER_ABI_VERSION) != VP8_STATUS_OK)
    return damaged("WebP", "its header is wrong or cut off");
  return features;
}

PictureSize size_of(const WebPBitstreamFeatures& features) {
  return {static_cast<std::uint32_t>(features.width), static_cast<std::uint32_t>(features.height)};
}

// RGBA of this size, which may be smaller than the picture's.
Result<Bytes> decode(const WebP& library, ByteView file, PictureSize from, PictureSize to) {
  WebPDecoderConfig config;
  if (library.init_config(&config, WEBP_DECODER_ABI_VERSION) == 0)
    return fail(Code::unsupported, "libwebp has another interface than eai was built for");
  Bytes rgba(static_cast<std::size_t>(to.pixels()) * 4);
  config.options.use_scaling = from == to ? 0 : 1;
  config.options.scaled_width = static_cast<int>(to.width);
  config.options.scaled_height = static_cast<int>(to.height);
  config.output.colorspace = MODE_RGBA;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {rgba.data(), static_cast<int>(to.width * 4), rgba.size()};
  const VP8StatusCode status = library.decode(file.data(), file.size(), &config);
  if (status == VP8_STATUS_OUT_OF_MEMORY) return fail(Code::io, "there is no memory to read it");
  if (status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED)
    return damaged("WebP", "it ends too early");
  if (status != VP8_STATUS_OK) return damaged("WebP", "its data makes no sense");
  return rgba;
}

Result<Raster> read_still(const WebP& library, ByteView file, const WebPBitstreamFeatures& features,
                          const PictureBounds& bounds) {
  const PictureSize from = size_of(features);
  const bool lossless = features.format == k_lossless;
  EAI_CHECK(check_size(from, lossless ? bounds.held_pixels : bounds.pixels, "WebP"));
  const std::uint32_t factor = shrink_factor(from, bounds);
  const PictureSize to{(from.width + factor - 1) / factor, (from.height + factor - 1) / factor};
  const auto room =
      claim_room(to.pixels() * 7 + (lossless ? from.pixels() * 4 : 0) + (features.has_alpha != 0 ? from.pixels() : 0));
  EAI_TRY(const Bytes rgba, decode(library, file, from, to));
  Shrinker flat(to, bounds);
  for (std::uint32_t y = 0; y < to.height; ++y) flat.add(rgba.data() + std::size_t{y} * to.width * 4);
  return flat.take();
}

Result<Raster> read_moving(const WebP& library, ByteView file, PictureSize canvas, const PictureBounds& bounds) {
  EAI_CHECK(check_size(canvas, bounds.held_pixels, "WebP"));
  EAI_TRY(const Frame frame, first_frame(file));
  if (std::uint64_t{frame.x} + frame.size.width > canvas.width ||
      std::uint64_t{frame.y} + frame.size.height > canvas.height)
    return damaged("WebP", "its first frame is larger than the picture");
  EAI_TRY(const WebPBitstreamFeatures features, features_of(library, frame.file));
  if (size_of(features) != frame.size || features.has_animation != 0)
    return damaged("WebP", "its first frame has another size than it says");
  const auto room = claim_room(frame.size.pixels() * 8 + canvas.pixels() * 3);
  EAI_TRY(const Bytes rgba, decode(library, frame.file, frame.size, frame.size));
  Shrinker whole(canvas, bounds);
  Bytes row;
  for (std::uint32_t y = 0; y < canvas.height; ++y) {
    row.assign(std::size_t{canvas.width} * 4, 0);
    if (y >= frame.y && y - frame.y < frame.size.height) {
      const std::size_t stride = std::size_t{frame.size.width} * 4;
      std::memcpy(row.data() + std::size_t{frame.x} * 4, rgba.data() + (y - frame.y) * stride, stride);
    }
    whole.add(row.data());
  }
  return whole.take();
}

}  // namespace

Result<ReadPicture> read_webp(ByteView file, const PictureBounds& bounds) {
  EAI_TRY(const WebP* library, webp());
  EAI_TRY(const WebPBitstreamFeatures features, features_of(*library, file));
  ReadPicture out;
  EAI_TRY(out.raster, features.has_animation != 0 ? read_moving(*library, file, size_of(features), bounds)
                                                  : read_still(*library, file, features, bounds));
  out.size = out.raster.size;
  out.photo = features.has_animation == 0 && features.has_alpha == 0 && features.format != k_lossless;
  out.orientation = exif_orientation(chunk(file.subspan(k_riff_head), "EXIF"));
  return out;
}

}  // namespace eai::api
