// PNG: read row by row with libpng, whose errors jump. Between a setjmp and the calls that can jump back to it there is
// no object with a destructor.
#include <array>
#include <csetjmp>
#include <cstring>

#include <png.h>

#include "api/picture_formats.h"

namespace eai::api {
namespace {

constexpr std::uint32_t k_chunk_limit = 16;       // of each kind that is kept
constexpr std::size_t k_chunk_bytes = 1 * k_mib;  // of one chunk that is kept

struct Source {
  ByteView left;
  int warnings = 0;
  std::array<char, 160> why{};
};

extern "C" {
void take_png_bytes(png_structp png, png_bytep to, std::size_t size) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (size > source->left.size()) png_error(png, "it ends too early");
  std::memcpy(to, source->left.data(), size);
  source->left = source->left.subspan(size);
}
void on_png_error(png_structp png, png_const_charp message) {
  auto* source = static_cast<Source*>(png_get_error_ptr(png));
  std::strncpy(source->why.data(), message, source->why.size() - 1);
  png_longjmp(png, 1);
}
void on_png_warning(png_structp png, png_const_charp) { ++static_cast<Source*>(png_get_error_ptr(png))->warnings; }
}

class Reader {
 public:
  explicit Reader(ByteView file) {
    source_.left = file;
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, on_png_error, on_png_warning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;

  // Up to the pixels; the rows will be RGBA.
  bool begin() {
    if (png_ == nullptr || info_ == nullptr) return false;
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, &source_, take_png_bytes);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the size was judged before
    png_set_chunk_cache_max(png_, k_chunk_limit);
    png_set_chunk_malloc_max(png_, k_chunk_bytes);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);  // nor texts, profiles and the like
    png_read_info(png_, info_);
    png_set_expand(png_);
    png_set_scale_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_add_alpha(png_, 0xFF, PNG_FILLER_AFTER);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }
  int passes() const { return passes_; }
  std::size_t row_bytes() const { return png_get_rowbytes(png_, info_); }

  // The next row of a picture, or of one of its passes.
  bool row(std::uint8_t* into) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_row(png_, into, nullptr);
    return true;
  }

  // The rest of the file. Without it the picture is whole all the same.
  bool end() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_end(png_, nullptr);
    return true;
  }
  bool warned() const { return source_.warnings > 0; }
  const char* why() const { return source_.why.data(); }

 private:
  Source source_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  int passes_ = 1;
};

// Of the chunk eXIf, wherever it is.
int orientation_of(ByteView file) {
  std::size_t at = 8;
  while (at + 12 <= file.size()) {
    const std::size_t size = big(file, at, 4);
    if (size > file.size() - at - 12) return 1;
    if (text_of(file.subspan(at + 4, 4)) == "eXIf") return exif_orientation(file.subspan(at + 8, size));
    at += 12 + size;
  }
  return 1;
}

bool read_rows(Reader& reader, PictureSize size, Shrinker& to) {
  Bytes row(std::size_t{size.width} * 4);
  for (std::uint32_t y = 0; y < size.height; ++y) {
    if (!reader.row(row.data())) return false;
    to.add(row.data());
  }
  return true;
}

bool read_passes(Reader& reader, PictureSize size, Shrinker& to) {
  const std::size_t stride = std::size_t{size.width} * 4;
  Bytes whole(stride * size.height);
  for (int pass = 0; pass < reader.passes(); ++pass) {
    for (std::uint32_t y = 0; y < size.height; ++y)
      if (!reader.row(whole.data() + y * stride)) return false;
  }
  for (std::uint32_t y = 0; y < size.height; ++y) to.add(whole.data() + y * stride);
  return true;
}

}  // namespace

Result<ReadPicture> read_png(ByteView file, const PictureBounds& bounds) {
  if (file.size() < 33 || text_of(file.subspan(12, 4)) != "IHDR") return damaged("PNG", "it has no header");
  const PictureSize size{big(file, 16, 4), big(file, 20, 4)};
  const bool interlaced = file[28] != 0;
  EAI_CHECK(check_size(size, interlaced ? bounds.held_pixels : bounds.pixels, "PNG"));
  const auto room = claim_room(size.pixels() * (interlaced ? 7 : 3));
  Reader reader(file);
  if (!reader.begin() || reader.row_bytes() != std::size_t{size.width} * 4) return damaged("PNG", reader.why());
  Shrinker to(size, bounds);
  if (!(reader.passes() > 1 ? read_passes : read_rows)(reader, size, to)) return damaged("PNG", reader.why());
  const bool whole = reader.end() && !reader.warned();
  const bool deep = file[24] > 8;
  ReadPicture out;
  out.orientation = orientation_of(file);
  out.as_it_is = whole && !deep && to.factor() == 1 && !to.transparent();
  out.raster = to.take();
  out.size = out.raster.size;
  return out;
}

Result<Bytes> to_png(const Raster& raster) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = raster.size.width;
  image.height = raster.size.height;
  image.format = PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  Bytes out(size);
  if (png_image_write_to_memory(&image, out.data(), &size, 0, raster.rgb.data(), 0, nullptr) == 0)
    return fail(Code::io, std::string("it cannot be written as PNG: ") + image.message);
  out.resize(size);
  out.shrink_to_fit();
  return out;
}

}  // namespace eai::api
