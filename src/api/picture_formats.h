// Why: what the readers of the picture formats share. Included by picture*.cc and their tests only.
// Thread: any; pure functions. They block.
// What holds: each reader checks the size in the header against the bounds before it makes room. A reader never runs
// past its bytes, whatever they say. Messages begin with "it".
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/picture.h"

namespace eai::api {

struct PictureSize {
  std::uint32_t width = 0, height = 0;
  std::uint64_t pixels() const { return std::uint64_t{width} * height; }
  bool operator==(const PictureSize&) const = default;
};

// Rows of RGB, without gaps.
struct Raster {
  PictureSize size;
  Bytes rgb;
};

struct ReadPicture {
  PictureSize size;       // of the file, or of `raster` if that is not empty
  bool as_it_is = false;  // the engine reads the file itself, and reads it right
  int orientation = 1;    // Exif's, 1 to 8
  bool photo = false;     // it was lossy, so that JPEG does it no harm
  Raster raster;          // may be empty if the file is taken as it is
};

Result<ReadPicture> read_png(ByteView file, const PictureBounds& bounds);
Result<ReadPicture> read_jpeg(ByteView file, const PictureBounds& bounds);
Result<ReadPicture> read_webp(ByteView file, const PictureBounds& bounds);
Result<ReadPicture> read_gif(ByteView file, const PictureBounds& bounds);
Result<ReadPicture> read_bmp(ByteView file, const PictureBounds& bounds);

Result<Bytes> to_png(const Raster& raster);
enum class Colours { full, half };  // half: a quarter of the colours and a little less of all, for about a byte a pixel
Result<Bytes> to_jpeg(const Raster& raster, Colours colours = Colours::full);

// Takes rows of RGBA and makes of them a picture over white that is smaller by a whole factor. Each new pixel is the
// mean of those that it stands for.
class Shrinker {
 public:
  Shrinker(PictureSize from, const PictureBounds& bounds);
  // The next of the rows.
  void add(const std::uint8_t* rgba);
  bool transparent() const { return transparent_; }  // a pixel was not opaque
  std::uint32_t factor() const { return factor_; }
  // After the last row:
  Raster take() { return std::move(out_); }
  ReadPicture picture() { return {.size = out_.size, .raster = take()}; }  // of which this is all

 private:
  void end_row();

  PictureSize from_;
  std::uint32_t factor_;
  std::uint32_t row_ = 0;            // of the rows that came
  std::vector<std::uint32_t> sums_;  // of the row in work; none for factor 1
  bool transparent_ = false;
  Raster out_;
  std::uint8_t* to_ = nullptr;  // in `out_`
};

// What a reader holds while it needs so much memory. Those that need much have it one after the other.
[[nodiscard]] std::unique_lock<std::mutex> claim_room(std::uint64_t bytes);

// By how much a picture must be made smaller.
std::uint32_t shrink_factor(PictureSize size, const PictureBounds& bounds);

// Code::invalid if it has no pixels, more than `most`, or an extreme shape. `kind`: "a PNG".
Result<void> check_size(PictureSize size, std::uint64_t most, std::string_view kind);

// "it is a damaged PNG: <why>".
Failure damaged(std::string_view kind, std::string_view why);

// Exif's orientation in a TIFF structure, which "Exif\0\0" may precede; 1 if it says nothing.
int exif_orientation(ByteView exif);

// Turned and mirrored as the orientation says.
Raster upright(Raster raster, int orientation);

// Numbers of a file; 0 behind its end.
std::uint32_t little(ByteView bytes, std::size_t at, std::size_t size);
std::uint32_t big(ByteView bytes, std::size_t at, std::size_t size);

}  // namespace eai::api
