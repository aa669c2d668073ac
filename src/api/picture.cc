#include "api/picture.h"

#include <array>
#include <string>

#include "api/picture_formats.h"
#include "util/text.h"

namespace eai::api {
namespace {

using namespace std::string_view_literals;

struct Mark {
  std::size_t at;
  std::string_view bytes;
  std::string_view name;
};

// Of files that people take for pictures, or send by mistake.
constexpr std::array k_marks = {
    Mark{0, "%PDF"sv, "a PDF"},
    Mark{4, "ftypheic"sv, "a HEIC photograph"},
    Mark{4, "ftypheix"sv, "a HEIC photograph"},
    Mark{4, "ftyphevc"sv, "a HEIC sequence"},
    Mark{4, "ftypheim"sv, "a HEIC photograph"},
    Mark{4, "ftypheis"sv, "a HEIC photograph"},
    Mark{4, "ftypmif1"sv, "a HEIF photograph"},
    Mark{4, "ftypmsf1"sv, "a HEIF sequence"},
    Mark{4, "ftypavif"sv, "an AVIF picture"},
    Mark{4, "ftypavis"sv, "an AVIF sequence"},
    Mark{4, "ftyp"sv, "a video (MP4 or QuickTime)"},
    Mark{0, "II*\0"sv, "a TIFF or a camera's raw file"},
    Mark{0, "MM\0*"sv, "a TIFF or a camera's raw file"},
    Mark{0, "II+\0"sv, "a BigTIFF"},
    Mark{0, "MM\0+"sv, "a BigTIFF"},
    Mark{0, "\0\0\0\x0CjP  "sv, "a JPEG 2000"},
    Mark{0, "\xFF\x4F\xFF\x51"sv, "a JPEG 2000"},
    Mark{0, "\0\0\0\x0CJXL "sv, "a JPEG XL"},
    Mark{0, "\xFF\x0A"sv, "a JPEG XL"},
    Mark{0, "\0\0\1\0"sv, "an icon (ICO)"},
    Mark{0, "\0\0\2\0"sv, "a cursor (CUR)"},
    Mark{0, "8BPS"sv, "a Photoshop document"},
    Mark{0, "qoif"sv, "a QOI picture"},
    Mark{0, "DDS "sv, "a DDS texture"},
    Mark{0, "\x76\x2F\x31\x01"sv, "an OpenEXR picture"},
    Mark{0, "%!PS"sv, "a PostScript file"},
    Mark{0, "\xD7\xCD\xC6\x9A"sv, "a Windows metafile"},
    Mark{0, "gimp xcf"sv, "a GIMP document"},
    Mark{8, "AVI "sv, "a video (AVI)"},
    Mark{8, "WAVE"sv, "a sound (WAV)"},
    Mark{0, "\x1A\x45\xDF\xA3"sv, "a video (WebM or Matroska)"},
    Mark{0, "ID3"sv, "a sound (MP3)"},
    Mark{0, "OggS"sv, "an Ogg file"},
    Mark{0, "fLaC"sv, "a sound (FLAC)"},
    Mark{0, "PK\3\4"sv, "a ZIP archive or an office document"},
    Mark{0, "\x1F\x8B"sv, "a gzip file"},
    Mark{0, "GGUF"sv, "a GGUF model"},
    Mark{0, "\x89PNG"sv, "a PNG whose line breaks were changed on its way"},
};

bool is_at(ByteView bytes, std::size_t at, std::string_view mark) {
  return bytes.size() >= at + mark.size() && text_of(bytes.subspan(at, mark.size())) == mark;
}

bool is_netpbm(ByteView bytes) {
  return bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' && bytes[2] <= ' ';
}

// What a text seems to be, by its first kilobyte.
std::string_view kind_of_text(ByteView bytes) {
  std::string head = lower(text_of(bytes.first(std::min<std::size_t>(bytes.size(), 1024))));
  while (!is_valid_utf8(head) && head.size() + 3 >= 1024) head.pop_back();  // it may be cut within a character
  if (!is_valid_utf8(head) || head.find('\0') != std::string::npos) return {};
  if (head.find("<svg") != std::string::npos) return "an SVG drawing";
  if (head.find("<html") != std::string::npos || head.find("<!doctype html") != std::string::npos)
    return "an HTML page";
  if (head.find("<?xml") != std::string::npos) return "an XML document";
  const std::size_t begin = head.find_first_not_of(" \t\r\n");
  if (begin != std::string::npos && (head[begin] == '{' || head[begin] == '[')) return "JSON";
  return "text";
}

// A file that is no picture of ours, in words.
std::string seems(ByteView bytes) {
  for (const Mark& mark : k_marks)
    if (is_at(bytes, mark.at, mark.bytes)) return "it is " + std::string(mark.name);
  if (is_netpbm(bytes)) return "it is a PNM picture";
  const std::string_view text = kind_of_text(bytes);
  return text.empty() ? "it is not a picture of a known format" : "it is " + std::string(text);
}

Result<ReadPicture> read(std::string_view type, ByteView bytes, const PictureBounds& bounds) {
  if (type == "image/png") return read_png(bytes, bounds);
  if (type == "image/jpeg") return read_jpeg(bytes, bounds);
  if (type == "image/webp") return read_webp(bytes, bounds);
  if (type == "image/gif") return read_gif(bytes, bounds);
  return read_bmp(bytes, bounds);
}

}  // namespace

std::string_view picture_type(ByteView bytes) {
  if (is_at(bytes, 0, "\x89PNG\r\n\x1a\n")) return "image/png";
  if (is_at(bytes, 0, "\xff\xd8\xff")) return "image/jpeg";
  if (is_at(bytes, 0, "GIF87a") || is_at(bytes, 0, "GIF89a")) return "image/gif";
  if (is_at(bytes, 0, "RIFF") && is_at(bytes, 8, "WEBP")) return "image/webp";
  if (is_at(bytes, 0, "BM")) return "image/bmp";
  return {};
}

Result<EnginePicture> picture_for_engine(Bytes bytes, const PictureBounds& bounds) {
  if (bytes.empty()) return fail(Code::invalid, "it is empty");
  const std::string_view type = picture_type(bytes);
  if (type.empty()) return fail(Code::invalid, seems(bytes) + "; PNG, JPEG, WebP, GIF and BMP are read");
  EAI_TRY(ReadPicture read_picture, read(type, bytes, bounds));
  EnginePicture out;
  if (read_picture.as_it_is && read_picture.orientation == 1 && bytes.size() <= bounds.engine_bytes) {
    out.type = type;
    out.bytes = std::move(bytes);
    out.pixels = read_picture.size.pixels();
    return out;
  }
  Bytes().swap(bytes);
  const Raster raster = upright(std::move(read_picture.raster), read_picture.orientation);
  EAI_TRY(out.bytes, read_picture.photo ? to_jpeg(raster) : to_png(raster));
  out.type = read_picture.photo ? "image/jpeg" : "image/png";
  if (out.bytes.size() > bounds.engine_bytes) {
    EAI_TRY(out.bytes, to_jpeg(raster, Colours::half));
    out.type = "image/jpeg";
  }
  out.changed = true;
  out.pixels = raster.size.pixels();
  return out;
}

}  // namespace eai::api
