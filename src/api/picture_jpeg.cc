// JPEG: its markers are read here, its pixels by libturbojpeg, which can make them smaller while it reads.
#include <algorithm>
#include <array>
#include <memory>

#include "api/picture_formats.h"
#include "api/picture_libraries.h"

namespace eai::api {
namespace {

constexpr int k_scan_limit = 64;        // each goes over the whole picture; cameras and editors make at most a dozen
constexpr std::uint32_t k_eighths = 8;  // a picture is made smaller to 7/8, 6/8 …
constexpr int k_quality = 95, k_lower_quality = 85;
constexpr std::uint32_t k_lost_part = 8;  // of the rows; a picture that lacks more of them is cut off

struct Component {
  std::uint32_t id = 0, across = 0, down = 0;  // sampling factors
};

struct Head {
  PictureSize size;
  std::uint32_t kind = 0;  // the second byte of its frame's marker
  std::uint32_t precision = 0;
  std::vector<Component> components;
  int scans = 0;
  bool all_at_once = true;      // the first scan has all components
  bool tables = false;          // Huffman tables came before the first scan
  bool odd_scan = false;        // a scan names tables that cannot be
  bool adobe = false;           // Adobe's marker is there
  std::uint32_t transform = 0;  // by it
  int orientation = 1;

  bool progressive() const { return kind == 0xC2 || kind == 0xC6 || kind == 0xCA || kind == 0xCE; }
  bool cmyk() const { return components.size() == 4; }
  bool buffered() const { return progressive() || !all_at_once; }
  std::uint64_t buffer_bytes() const;
};

// What a decoder keeps of a picture whose components do not come together: 64 numbers of two bytes for each block.
std::uint64_t Head::buffer_bytes() const {
  std::uint64_t across = 1, down = 1;
  for (const Component& c : components) {
    across = std::max<std::uint64_t>(across, c.across);
    down = std::max<std::uint64_t>(down, c.down);
  }
  const std::uint64_t wide = size.width / (8 * across) + 1, high = size.height / (8 * down) + 1;
  std::uint64_t blocks = 0;
  for (const Component& c : components) blocks += wide * c.across * high * c.down;
  return blocks * 128;
}

bool is_frame(std::uint32_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

void read_scan(ByteView body, Head& head) {
  const std::uint32_t count = big(body, 0, 1);
  if (head.scans++ == 0) head.all_at_once = count == head.components.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t tables = big(body, 2 + 2 * i, 1);
    head.odd_scan = head.odd_scan || (tables >> 4) > 3 || (tables & 15) > 3;
  }
}

void read_frame(ByteView body, std::uint32_t marker, Head& head) {
  head.kind = marker;
  head.precision = big(body, 0, 1);
  head.size = {big(body, 3, 2), big(body, 1, 2)};
  const std::size_t count = big(body, 5, 1);
  for (std::size_t i = 0; i < count && body.size() >= 6 + 3 * (i + 1); ++i) {
    const std::uint32_t sampling = big(body, 6 + 3 * i + 1, 1);
    head.components.push_back({big(body, 6 + 3 * i, 1), sampling >> 4, sampling & 15});
  }
}

// Behind the coded data that begins at `at`: the next marker that is not part of it.
std::size_t skip_coded(ByteView file, std::size_t at) {
  while (at + 1 < file.size()) {
    const auto* hit = std::find(file.data() + at, file.data() + file.size() - 1, 0xFF);
    at = static_cast<std::size_t>(hit - file.data());
    if (at + 1 >= file.size()) break;
    const std::uint8_t next = file[at + 1];
    if (next != 0 && next != 0xFF && (next < 0xD0 || next > 0xD7)) return at;
    at += next == 0xFF ? 1 : 2;
  }
  return file.size();
}

Head read_head(ByteView file) {
  Head head;
  std::size_t at = 2;
  while (at + 4 <= file.size()) {
    if (file[at] != 0xFF || file[at + 1] == 0xFF) {  // filling, or bytes that do not belong here
      ++at;
      continue;
    }
    const std::uint32_t marker = file[at + 1];
    at += 2;
    if (marker == 0xD9) break;
    if (marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD8)) continue;
    const std::size_t size = big(file, at, 2);
    if (size < 2 || size > file.size() - at) break;
    const ByteView body = file.subspan(at + 2, size - 2);
    at += size;
    if (is_frame(marker) && head.components.empty()) read_frame(body, marker, head);
    if (marker == 0xC4 && head.scans == 0) head.tables = true;
    if (marker == 0xE1 && text_of(body).starts_with("Exif") && head.orientation == 1)
      head.orientation = exif_orientation(body);
    if (marker == 0xEE && body.size() >= 12 && text_of(body).starts_with("Adobe")) {
      head.adobe = true;
      head.transform = body[11];
    }
    if (marker != 0xDA) continue;
    read_scan(body, head);
    at = skip_coded(file, at);
  }
  return head;
}

// Whether the engine's reader takes such a picture, and sees the colours that it has.
bool is_plain(const Head& head) {
  if (head.kind < 0xC0 || head.kind > 0xC2 || head.precision != 8 || !head.tables || head.odd_scan) return false;
  if (head.components.size() == 1) return true;
  if (head.components.size() != 3 || (head.adobe && head.transform != 1)) return false;
  std::uint32_t across = 0, down = 0;
  for (const Component& c : head.components) {
    across = std::max(across, c.across);
    down = std::max(down, c.down);
  }
  const auto fits = [&](const Component& c) {
    return c.across > 0 && c.down > 0 && c.across <= 4 && c.down <= 4 && across % c.across == 0 && down % c.down == 0;
  };
  const bool rgb = head.components[0].id == 'R' && head.components[1].id == 'G' && head.components[2].id == 'B';
  return !rgb && std::all_of(head.components.begin(), head.components.end(), fits);
}

Result<void> check(const Head& head, const PictureBounds& bounds) {
  if (head.components.empty()) return damaged("JPEG", "it has no header");
  EAI_CHECK(check_size(head.size, bounds.photo_pixels, "JPEG"));
  if (head.precision != 8) {
    return fail(Code::invalid,
                "it is a JPEG of " + std::to_string(head.precision) + " bits per sample; those of 8 are read");
  }
  if (head.kind == 0xC3 || (head.kind >= 0xC5 && head.kind <= 0xC7) || head.kind >= 0xCB)
    return fail(Code::invalid, "it is a lossless or hierarchical JPEG, which is not read; send it as PNG");
  if (head.scans > k_scan_limit) {
    return fail(Code::invalid, "it is a JPEG of " + std::to_string(head.scans) + " scans; " +
                                   std::to_string(k_scan_limit) + " are the most");
  }
  if (head.buffered() && head.buffer_bytes() > bounds.buffered_bytes) {
    return fail(Code::invalid, "it is a progressive JPEG of " + std::to_string(head.size.width) + "x" +
                                   std::to_string(head.size.height) +
                                   " pixels, which is too large; send it as a baseline JPEG, or smaller");
  }
  return {};
}

PictureSize scaled(PictureSize size, std::uint32_t eighths) {
  return {(size.width * eighths + k_eighths - 1) / k_eighths, (size.height * eighths + k_eighths - 1) / k_eighths};
}

std::uint32_t eighths_for(PictureSize size, const PictureBounds& bounds) {
  std::uint32_t eighths = k_eighths;
  while (eighths > 1 && shrink_factor(scaled(size, eighths), bounds) > 1) --eighths;
  return eighths;
}

// How many rows at the end a decoder had no data for: it fills them with this grey.
std::uint32_t lost_rows(const Raster& raster) {
  const std::size_t stride = std::size_t{raster.size.width} * 3;
  std::uint32_t lost = 0;
  while (lost < raster.size.height) {
    const auto* row = raster.rgb.data() + (raster.size.height - lost - 1) * stride;
    if (!std::all_of(row, row + stride, [](std::uint8_t value) { return value == 128; })) break;
    ++lost;
  }
  return lost;
}

// Adobe's programs write how much light is left, others how much ink there is.
Bytes rgb_of_cmyk(const Bytes& cmyk, bool light) {
  Bytes out(cmyk.size() / 4 * 3);
  for (std::size_t i = 0; i < cmyk.size() / 4; ++i) {
    const std::uint32_t key = light ? cmyk[4 * i + 3] : 255U - cmyk[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      const std::uint32_t value = light ? cmyk[4 * i + c] : 255U - cmyk[4 * i + c];
      out[3 * i + c] = static_cast<std::uint8_t>((value * key + 127) / 255);
    }
  }
  return out;
}

struct Destroy {
  const TurboJpeg* library;
  void operator()(void* handle) const { library->destroy(handle); }
};
using Handle = std::unique_ptr<void, Destroy>;

// A warning that leaves a picture behind: it is cut off, or has bytes between its parts that mean nothing.
bool is_harmless(std::string_view warning) {
  return warning.find("Premature end") != std::string_view::npos ||
         warning.find("premature end") != std::string_view::npos ||
         warning.find("extraneous bytes") != std::string_view::npos;
}

// The picture in eighths of its size. `clean`: nothing was wrong with it.
Result<Raster> decode(const TurboJpeg& turbo, ByteView file, const Head& head, std::uint32_t eighths, bool& clean) {
  const Handle handle(turbo.init_decompress(), Destroy{&turbo});
  if (!handle) return fail(Code::io, "there is no memory to read it");
  Raster raster{scaled(head.size, eighths), {}};
  const auto width = static_cast<int>(raster.size.width), height = static_cast<int>(raster.size.height);
  raster.rgb.resize(static_cast<std::size_t>(raster.size.pixels()) * (head.cmyk() ? 4 : 3));
  clean = turbo.decompress(handle.get(), file.data(), static_cast<unsigned long>(file.size()), raster.rgb.data(), width,
                           0, height, head.cmyk() ? TJPF_CMYK : TJPF_RGB, TJFLAG_LIMITSCANS) == 0;
  if (!clean) {
    const std::string_view why = turbo.error_text(handle.get());
    if (turbo.error_code(handle.get()) != TJERR_WARNING || !is_harmless(why)) return damaged("JPEG", why);
  }
  if (head.cmyk()) raster.rgb = rgb_of_cmyk(raster.rgb, head.adobe);
  if (!clean && lost_rows(raster) > raster.size.height / k_lost_part)
    return damaged("JPEG", "it is cut off, and " + std::to_string(100 * lost_rows(raster) / raster.size.height) +
                               " % of its rows are missing");
  return raster;
}

}  // namespace

Result<ReadPicture> read_jpeg(ByteView file, const PictureBounds& bounds) {
  const Head head = read_head(file);
  EAI_CHECK(check(head, bounds));
  EAI_TRY(const TurboJpeg* turbo, turbo_jpeg());
  const std::uint32_t eighths = eighths_for(head.size, bounds);
  ReadPicture out;
  out.orientation = head.orientation;
  out.photo = true;
  const auto room = claim_room((head.buffered() ? head.buffer_bytes() : 0) +
                               scaled(head.size, eighths).pixels() * (head.cmyk() ? 7 : 3));
  bool clean = false;
  if (eighths == k_eighths && head.orientation == 1 && is_plain(head) && file.size() <= bounds.engine_bytes) {
    // Nothing is to be changed. A look at it in eighths reads all the same bytes, and costs half the time.
    EAI_TRY(const Raster glance, decode(*turbo, file, head, 1, clean));
    out.size = head.size;
    out.as_it_is = clean;
    if (clean) return out;
  }
  EAI_TRY(out.raster, decode(*turbo, file, head, eighths, clean));
  out.size = out.raster.size;
  return out;
}

Result<Bytes> to_jpeg(const Raster& raster, Colours colours) {
  EAI_TRY(const TurboJpeg* turbo, turbo_jpeg());
  const Handle handle(turbo->init_compress(), Destroy{turbo});
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const bool half = colours == Colours::half;
  const bool done =
      handle && turbo->compress(handle.get(), raster.rgb.data(), static_cast<int>(raster.size.width), 0,
                                static_cast<int>(raster.size.height), TJPF_RGB, &bytes, &size,
                                half ? TJSAMP_420 : TJSAMP_444, half ? k_lower_quality : k_quality, 0) == 0;
  Bytes out;
  if (done) out.assign(bytes, bytes + size);
  turbo->free(bytes);
  if (!done) return fail(Code::io, "it cannot be written as JPEG");
  return out;
}

}  // namespace eai::api
