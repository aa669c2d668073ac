// Why: pictures of every kind, made by the libraries' writers or byte by byte, for the tests of what reads them.
// Included by tests only.
// Thread: any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <turbojpeg.h>
#include <webp/encode.h>
#include <zlib.h>

#include "api/picture_formats.h"

namespace eai::api {

inline void put(Bytes& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }
inline void put(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }
inline void put_big(Bytes& to, std::uint32_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}
inline void put_little(Bytes& to, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// Four coloured quarters: a red one at the top left, a green one at the right of it, a blue and a white one below.
inline Raster quarters(std::uint32_t width, std::uint32_t height) {
  Raster out{{width, height}, {}};
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      const bool right = x >= width / 2, low = y >= height / 2;
      const bool white = right && low;
      for (bool on : {white || (!right && !low), white || (right && !low), white || (!right && low)})
        out.rgb.push_back(on ? 255 : 0);
    }
  }
  return out;
}

// The names of the colours in the middles of the quarters: "RGBW" for quarters().
inline std::string colors_of(const Raster& raster) {
  std::string out;
  for (std::uint32_t y : {raster.size.height / 4, raster.size.height * 3 / 4}) {
    for (std::uint32_t x : {raster.size.width / 4, raster.size.width * 3 / 4}) {
      const std::uint8_t* at = raster.rgb.data() + (std::size_t{y} * raster.size.width + x) * 3;
      std::string name;
      for (std::size_t c = 0; c < 3; ++c) name += at[c] > 205 ? '1' : at[c] < 50 ? '0' : '?';
      const std::map<std::string, char> names{{"100", 'R'}, {"010", 'G'}, {"001", 'B'}, {"111", 'W'}, {"000", 'K'}};
      out += names.count(name) != 0 ? names.at(name) : '?';
    }
  }
  return out;
}

inline void put_png_chunk(Bytes& to, std::string_view name, ByteView data) {
  put_big(to, static_cast<std::uint32_t>(data.size()), 4);
  Bytes body;
  put(body, name);
  put(body, data);
  put(to, body);
  put_big(to, static_cast<std::uint32_t>(crc32(0, body.data(), static_cast<uInt>(body.size()))), 4);
}

inline Bytes deflated(ByteView data) {
  uLongf size = compressBound(data.size());
  Bytes out(size);
  compress(out.data(), &size, data.data(), data.size());
  out.resize(size);
  return out;
}

struct PngKind {
  std::uint8_t depth = 8, color = 2, interlace = 0;
  Bytes before;  // chunks between the header and the pixels
};

// `pixel(x, y)` gives the bytes of a pixel; of less than a byte per pixel, its value.
inline Bytes png_of(PictureSize size, const PngKind& kind,
                    const std::function<Bytes(std::uint32_t, std::uint32_t)>& pixel) {
  constexpr std::uint32_t k_passes[8][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                            {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}, {0, 0, 1, 1}};
  Bytes rows;
  for (int pass = kind.interlace != 0 ? 0 : 7; pass < (kind.interlace != 0 ? 7 : 8); ++pass) {
    const auto& [x0, y0, dx, dy] = k_passes[pass];
    if (x0 >= size.width) continue;
    for (std::uint32_t y = y0; y < size.height; y += dy) {
      rows.push_back(0);
      std::uint32_t used = 8;  // bits of the last byte
      for (std::uint32_t x = x0; x < size.width; x += dx) {
        const Bytes value = pixel(x, y);
        if (kind.depth >= 8) {
          put(rows, value);
          continue;
        }
        if (used == 8) {
          rows.push_back(0);
          used = 0;
        }
        used += kind.depth;
        rows.back() = static_cast<std::uint8_t>(rows.back() | value[0] << (8 - used));
      }
    }
  }
  Bytes head;
  put_big(head, size.width, 4);
  put_big(head, size.height, 4);
  put(head, Bytes{kind.depth, kind.color, 0, 0, kind.interlace});
  Bytes out;
  put(out, "\x89PNG\r\n\x1a\n");
  put_png_chunk(out, "IHDR", head);
  put(out, kind.before);
  put_png_chunk(out, "IDAT", deflated(rows));
  put_png_chunk(out, "IEND", {});
  return out;
}

inline Bytes pixel_of(const Raster& raster, std::uint32_t x, std::uint32_t y) {
  const auto at = raster.rgb.begin() + static_cast<std::ptrdiff_t>((std::size_t{y} * raster.size.width + x) * 3);
  return {at, at + 3};
}

inline Bytes png_of(const Raster& raster, const PngKind& kind = {}) {
  return png_of(raster.size, kind, [&](std::uint32_t x, std::uint32_t y) { return pixel_of(raster, x, y); });
}

inline Bytes jpeg_of(const Raster& raster, int sampling = TJSAMP_420, int flags = 0) {
  tjhandle handle = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  tjCompress2(handle, raster.rgb.data(), static_cast<int>(raster.size.width), 0, static_cast<int>(raster.size.height),
              TJPF_RGB, &bytes, &size, sampling, 95, flags);
  Bytes out(bytes, bytes + size);
  tjFree(bytes);
  tjDestroy(handle);
  return out;
}

// A TIFF structure with nothing but an orientation.
inline Bytes exif_of(int orientation, bool is_little) {
  Bytes out;
  const auto number = [&](std::uint32_t value, int bytes) {
    if (is_little) {
      put_little(out, value, bytes);
    } else {
      put_big(out, value, bytes);
    }
  };
  put(out, is_little ? "II" : "MM");
  number(42, 2);
  number(8, 4);
  number(1, 2);
  number(0x0112, 2);
  number(3, 2);
  number(1, 4);
  number(static_cast<std::uint32_t>(orientation), 2);
  number(0, 2);
  number(0, 4);
  return out;
}

inline Bytes with_exif(const Bytes& jpeg, int orientation, bool is_little = true) {
  Bytes out{0xFF, 0xD8, 0xFF, 0xE1};
  const Bytes exif = exif_of(orientation, is_little);
  put_big(out, static_cast<std::uint32_t>(exif.size() + 8), 2);
  put(out, std::string_view("Exif\0\0", 6));
  put(out, exif);
  put(out, ByteView(jpeg).subspan(2));
  return out;
}

inline Bytes webp_of(const Raster& raster, bool lossless) {
  std::uint8_t* bytes = nullptr;
  const auto width = static_cast<int>(raster.size.width), height = static_cast<int>(raster.size.height);
  const std::size_t size = lossless ? WebPEncodeLosslessRGB(raster.rgb.data(), width, height, width * 3, &bytes)
                                    : WebPEncodeRGB(raster.rgb.data(), width, height, width * 3, 95, &bytes);
  Bytes out(bytes, bytes + size);
  WebPFree(bytes);
  return out;
}

inline Bytes riff_of(ByteView chunks) {
  Bytes out;
  put(out, "RIFF");
  put_little(out, static_cast<std::uint32_t>(chunks.size() + 4), 4);
  put(out, "WEBP");
  put(out, chunks);
  return out;
}

// A WebP that moves, or with Exif: a canvas, and what stands behind it.
inline Bytes webp_with(PictureSize canvas, std::uint8_t flags, ByteView chunks) {
  Bytes all;
  put(all, "VP8X");
  put_little(all, 10, 4);
  put_little(all, flags, 4);
  put_little(all, canvas.width - 1, 3);
  put_little(all, canvas.height - 1, 3);
  put(all, chunks);
  return riff_of(all);
}

inline Bytes webp_frame(std::uint32_t x, std::uint32_t y, const Raster& raster) {
  Bytes body;
  for (std::uint32_t value : {x / 2, y / 2, raster.size.width - 1, raster.size.height - 1}) put_little(body, value, 3);
  put_little(body, 100, 4);  // milliseconds and flags
  put(body, ByteView(webp_of(raster, true)).subspan(12));
  Bytes out;
  put(out, "ANMF");
  put_little(out, static_cast<std::uint32_t>(body.size()), 4);
  put(out, body);
  return out;
}

// The codes of LZW, as GIF packs them.
inline Bytes lzw_of(const Bytes& indexes, std::uint32_t size) {
  Bytes out;
  std::uint64_t bits = 0;
  std::uint32_t have = 0, width = size + 1;
  const std::uint32_t clear = 1U << size;
  const auto emit = [&](std::uint32_t code) {
    bits |= std::uint64_t{code} << have;
    for (have += width; have >= 8; have -= 8, bits >>= 8) out.push_back(static_cast<std::uint8_t>(bits));
  };
  std::map<std::pair<std::uint32_t, std::uint8_t>, std::uint32_t> strings;
  std::uint32_t next = clear + 2;
  emit(clear);
  std::uint32_t at = indexes[0];
  for (std::size_t i = 1; i < indexes.size(); ++i) {
    if (const auto found = strings.find({at, indexes[i]}); found != strings.end()) {
      at = found->second;
      continue;
    }
    emit(at);
    if (next < 4096) {
      strings[{at, indexes[i]}] = next;
      if (next++ == 1U << width && width < 12) ++width;
    }
    at = indexes[i];
  }
  emit(at);
  emit(clear + 1);
  if (have > 0) out.push_back(static_cast<std::uint8_t>(bits));
  return out;
}

struct GifKind {
  std::uint32_t x = 0, y = 0;
  int transparent = -1;
  bool interlaced = false, again = false;  // `again`: a second frame, of black
};

// A GIF of 256 colours: the first five are black, red, green, blue and white, the others grey.
inline Bytes gif_of(PictureSize screen, PictureSize frame, const Bytes& indexes, const GifKind& kind = {}) {
  Bytes out;
  put(out, "GIF89a");
  put_little(out, screen.width, 2);
  put_little(out, screen.height, 2);
  put(out, Bytes{0xF7, 0, 0});
  put(out, Bytes{0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255});
  for (int i = 5; i < 256; ++i) put(out, Bytes(3, static_cast<std::uint8_t>(i)));
  put(out, Bytes{0x21, 0xFE, 3, 'h', 'i', '!', 0});
  const auto index = static_cast<std::uint8_t>(kind.transparent);
  if (kind.transparent >= 0) put(out, Bytes{0x21, 0xF9, 4, 1, 0, 0, index, 0});
  for (int i = 0; i < (kind.again ? 2 : 1); ++i) {
    out.push_back(0x2C);
    for (std::uint32_t value : {kind.x, kind.y, frame.width, frame.height}) put_little(out, value, 2);
    put(out, Bytes{static_cast<std::uint8_t>(kind.interlaced ? 0x40 : 0), 8});
    const Bytes codes = lzw_of(i == 0 ? indexes : Bytes(indexes.size(), 0), 8);
    for (std::size_t at = 0; at < codes.size(); at += 255) {
      const std::size_t size = std::min<std::size_t>(255, codes.size() - at);
      out.push_back(static_cast<std::uint8_t>(size));
      put(out, ByteView(codes).subspan(at, size));
    }
    out.push_back(0);
  }
  out.push_back(0x3B);
  return out;
}

// The indexes of quarters() in the colours of gif_of().
inline Bytes quarter_indexes(PictureSize size) {
  Bytes out;
  for (std::uint32_t y = 0; y < size.height; ++y) {
    for (std::uint32_t x = 0; x < size.width; ++x)
      out.push_back(static_cast<std::uint8_t>(1 + (x >= size.width / 2 ? 1 : 0) + (y >= size.height / 2 ? 2 : 0)));
  }
  return out;
}

// The pixels that the engine gets.
inline Raster raster_of(const EnginePicture& picture) {
  if (picture.type == "image/png") return read_png(picture.bytes, {}).value().raster;
  tjhandle handle = tjInitDecompress();
  int width = 0, height = 0, sampling = 0, colors = 0;
  tjDecompressHeader3(handle, picture.bytes.data(), static_cast<unsigned long>(picture.bytes.size()), &width, &height,
                      &sampling, &colors);
  Raster out{{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)}, {}};
  out.rgb.resize(static_cast<std::size_t>(out.size.pixels() * 3));
  tjDecompress2(handle, picture.bytes.data(), static_cast<unsigned long>(picture.bytes.size()), out.rgb.data(), width,
                0, height, TJPF_RGB, 0);
  tjDestroy(handle);
  return out;
}

}  // namespace eai::api
