#include "picture.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <png.h>
#include <turbojpeg.h>
#include <webp/decode.h>
#include <webp/encode.h>
#include <zlib.h>

namespace eai::image_engine {
namespace {

const std::uint8_t* bytes_of(std::string_view file) { return reinterpret_cast<const std::uint8_t*>(file.data()); }

Result<Picture> room_for(std::int64_t width, std::int64_t height, std::int64_t max_pixels) {
  if (width <= 0 || height <= 0) return fail(Code::invalid, "the picture has no pixels");
  if (width > max_pixels / height)
    return fail(Code::invalid, "the picture is " + std::to_string(width) + "x" + std::to_string(height) +
                                   ", more than the " + std::to_string(max_pixels) + " pixels allowed");
  Picture picture{static_cast<int>(width), static_cast<int>(height), 4, {}};
  picture.pixels.resize(static_cast<std::size_t>(width * height * 4));
  return picture;
}

Result<Picture> decode_png(std::string_view file, std::int64_t max_pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, file.data(), file.size()) == 0)
    return fail(Code::invalid, std::string("the PNG is damaged: ") + image.message);
  auto picture = room_for(image.width, image.height, max_pixels);
  if (!picture) {
    png_image_free(&image);
    return picture;
  }
  image.format = PNG_FORMAT_RGBA;
  if (png_image_finish_read(&image, nullptr, picture->pixels.data(), 0, nullptr) == 0)
    return fail(Code::invalid, std::string("the PNG is damaged: ") + image.message);
  return picture;
}

struct CloseTurbo {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Turbo = std::unique_ptr<void, CloseTurbo>;

Result<Picture> decode_jpeg(std::string_view file, std::int64_t max_pixels) {
  Turbo turbo(tjInitDecompress());
  int width = 0;
  int height = 0;
  int sampling = 0;
  int colors = 0;
  auto size = static_cast<unsigned long>(file.size());
  if (!turbo || tjDecompressHeader3(turbo.get(), bytes_of(file), size, &width, &height, &sampling, &colors) != 0)
    return fail(Code::invalid, "the JPEG is damaged");
  EAI_TRY(Picture picture, room_for(width, height, max_pixels));
  if (tjDecompress2(turbo.get(), bytes_of(file), size, picture.pixels.data(), width, 0, height, TJPF_RGBA,
                    TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) != 0)
    return fail(Code::invalid, std::string("the JPEG is damaged: ") + tjGetErrorStr2(turbo.get()));
  return picture;
}

Result<Picture> decode_webp(std::string_view file, std::int64_t max_pixels) {
  int width = 0;
  int height = 0;
  if (WebPGetInfo(bytes_of(file), file.size(), &width, &height) == 0) return fail(Code::invalid, "the WebP is damaged");
  EAI_TRY(Picture picture, room_for(width, height, max_pixels));
  if (WebPDecodeRGBAInto(bytes_of(file), file.size(), picture.pixels.data(), picture.pixels.size(), width * 4) ==
      nullptr)
    return fail(Code::invalid, "the WebP is damaged, or moves");
  return picture;
}

void append_be32(std::string& to, std::uint32_t n) {
  for (int shift : {24, 16, 8, 0}) to.push_back(static_cast<char>(n >> shift & 0xFF));
}

// A chunk of UTF-8 text goes behind the header chunk, which is always the first and 25 bytes long (PNG, 11.3.3.4).
void insert_text(std::string& png, std::string_view text) {
  using namespace std::string_literals;
  std::string body = "iTXtparameters\0\0\0\0\0"s;
  body += text;
  std::string chunk;
  append_be32(chunk, static_cast<std::uint32_t>(body.size() - 4));
  chunk += body;
  append_be32(chunk, static_cast<std::uint32_t>(
                         crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))));
  png.insert(8 + 25, chunk);
}

Result<std::string> encode_png(const Picture& picture, const Encoding& encoding) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = PNG_FORMAT_RGB;
  if (encoding.fast) image.flags = PNG_IMAGE_FLAG_FAST;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string out(size, '\0');
  if (png_image_write_to_memory(&image, out.data(), &size, 0, picture.pixels.data(), 0, nullptr) == 0)
    return fail(Code::io, std::string("the PNG cannot be written: ") + image.message);
  out.resize(size);
  if (!encoding.text.empty()) insert_text(out, encoding.text);
  return out;
}

Result<std::string> encode_jpeg(const Picture& picture, int quality) {
  Turbo turbo(tjInitCompress());
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  bool done = turbo && tjCompress2(turbo.get(), picture.pixels.data(), picture.width, 0, picture.height, TJPF_RGB,
                                   &bytes, &size, quality > 90 ? TJSAMP_444 : TJSAMP_420, std::max(1, quality), 0) == 0;
  std::string out = done ? std::string(reinterpret_cast<char*>(bytes), size) : "";
  tjFree(bytes);
  if (!done) return fail(Code::io, "the JPEG cannot be written");
  return out;
}

Result<std::string> encode_webp(const Picture& picture, int quality) {
  std::uint8_t* bytes = nullptr;
  std::size_t size = WebPEncodeRGB(picture.pixels.data(), picture.width, picture.height, picture.width * 3,
                                   static_cast<float>(quality), &bytes);
  std::string out(reinterpret_cast<char*>(bytes), size);
  WebPFree(bytes);
  if (size == 0) return fail(Code::io, "the WebP cannot be written: its sides may have 16383 pixels at most");
  return out;
}

}  // namespace

std::string_view name_of(Format format) {
  switch (format) {
    case Format::png:
      return "png";
    case Format::jpeg:
      return "jpeg";
    case Format::webp:
      return "webp";
  }
  return "png";
}

Result<Format> parse_format(std::string_view name) {
  for (Format format : {Format::png, Format::jpeg, Format::webp})
    if (name == name_of(format)) return format;
  return fail(Code::invalid, "the format of a picture is png, jpeg or webp");
}

Result<Picture> decode(std::string_view file, std::int64_t max_pixels) {
  using namespace std::string_view_literals;
  if (file.starts_with("\x89PNG\r\n\x1a\n"sv)) return decode_png(file, max_pixels);
  if (file.starts_with("\xFF\xD8\xFF"sv)) return decode_jpeg(file, max_pixels);
  if (file.starts_with("RIFF"sv) && file.size() > 12 && file.substr(8, 4) == "WEBP"sv)
    return decode_webp(file, max_pixels);
  return fail(Code::invalid, "not a picture in PNG, JPEG or WebP");
}

Picture shrunk(Picture from, std::int64_t max_pixels) {
  const std::int64_t pixels = std::int64_t{from.width} * from.height;
  if (pixels <= max_pixels) return from;
  const double scale = std::sqrt(static_cast<double>(max_pixels) / static_cast<double>(pixels));
  Picture out{std::max(1, static_cast<int>(from.width * scale)),
              std::max(1, static_cast<int>(from.height * scale)),
              from.channels,
              {}};
  out.pixels.reserve(static_cast<std::size_t>(std::int64_t{out.width} * out.height * out.channels));
  auto begin = [](int at, int size, int of) { return static_cast<int>(std::int64_t{at} * of / size); };
  for (int y = 0; y < out.height; ++y) {
    const int top = begin(y, out.height, from.height), bottom = begin(y + 1, out.height, from.height);
    for (int x = 0; x < out.width; ++x) {
      const int left = begin(x, out.width, from.width), right = begin(x + 1, out.width, from.width);
      for (int c = 0; c < from.channels; ++c) {
        std::int64_t sum = 0;
        for (std::int64_t v = top; v < bottom; ++v)
          for (std::int64_t u = left; u < right; ++u)
            sum += from.pixels[static_cast<std::size_t>((v * from.width + u) * from.channels + c)];
        out.pixels.push_back(static_cast<std::uint8_t>(sum / (std::int64_t{bottom - top} * (right - left))));
      }
    }
  }
  return out;
}

Picture flattened(const Picture& rgba) {
  Picture out{rgba.width, rgba.height, 3, {}};
  out.pixels.reserve(rgba.pixels.size() / 4 * 3);
  for (std::size_t i = 0; i + 3 < rgba.pixels.size(); i += 4) {
    int alpha = rgba.pixels[i + 3];
    for (std::size_t c = 0; c < 3; ++c)
      out.pixels.push_back(static_cast<std::uint8_t>((rgba.pixels[i + c] * alpha + 255 * (255 - alpha)) / 255));
  }
  return out;
}

Picture drawing_mask(const Picture& rgba) {
  Picture out{rgba.width, rgba.height, 1, {}};
  out.pixels.reserve(rgba.pixels.size() / 4);
  bool transparent = false;
  for (std::size_t i = 3; i < rgba.pixels.size(); i += 4) transparent = transparent || rgba.pixels[i] != 255;
  for (std::size_t i = 0; i + 3 < rgba.pixels.size(); i += 4) {
    bool draw =
        transparent ? rgba.pixels[i + 3] < 128 : rgba.pixels[i] + rgba.pixels[i + 1] + rgba.pixels[i + 2] >= 3 * 128;
    out.pixels.push_back(draw ? 255 : 0);
  }
  return out;
}

Result<std::string> encode(const Picture& picture, const Encoding& encoding) {
  switch (encoding.format) {
    case Format::png:
      return encode_png(picture, encoding);
    case Format::jpeg:
      return encode_jpeg(picture, encoding.quality);
    case Format::webp:
      return encode_webp(picture, encoding.quality);
  }
  return fail(Code::invalid, "unknown format");
}

}  // namespace eai::image_engine
