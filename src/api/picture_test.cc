#include "api/picture.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "api/picture_testing.h"

namespace eai::api {
namespace {

using namespace std::string_view_literals;

// What the engine sees in a picture, and what it gets: "RGBW png as it is".
std::string sent(Bytes bytes, const PictureBounds& bounds = {}) {
  const Bytes before = bytes;
  auto picture = picture_for_engine(std::move(bytes), bounds);
  if (!picture) return "error: " + picture.error().message;
  const Raster raster = raster_of(*picture);
  EXPECT_EQ(picture->pixels, raster.size.pixels());
  EXPECT_EQ(picture->changed, picture->bytes != before);
  EXPECT_EQ(picture_type(picture->bytes), picture->type);
  return colors_of(raster) + " " + std::string(picture->type.substr(6)) + (picture->changed ? "" : " as it is");
}

PictureSize size_sent(Bytes bytes, const PictureBounds& bounds = {}) {
  auto picture = picture_for_engine(std::move(bytes), bounds);
  return picture ? raster_of(*picture).size : PictureSize{};
}

std::string error_of(Bytes bytes, const PictureBounds& bounds = {}) {
  auto picture = picture_for_engine(std::move(bytes), bounds);
  if (picture) return "taken as " + std::string(picture->type);
  EXPECT_EQ(picture.error().code, Code::invalid);
  return picture.error().message;
}

const Raster k_quarters = quarters(40, 24);

TEST(PictureForEngine, WhatTheEngineReadsGoesAsItIs) {
  EXPECT_EQ(sent(png_of(k_quarters)), "RGBW png as it is");
  EXPECT_EQ(sent(png_of(k_quarters, {8, 2, 1, {}})), "RGBW png as it is") << "interlaced";
  EXPECT_EQ(sent(jpeg_of(k_quarters)), "RGBW jpeg as it is");
  EXPECT_EQ(sent(jpeg_of(k_quarters, TJSAMP_444, TJFLAG_PROGRESSIVE)), "RGBW jpeg as it is");
  EXPECT_EQ(sent(jpeg_of(k_quarters, TJSAMP_422)), "RGBW jpeg as it is");
  EXPECT_EQ(sent(with_exif(jpeg_of(k_quarters), 1)), "RGBW jpeg as it is");
  const Raster one{{1, 1}, {255, 0, 0}};
  EXPECT_EQ(sent(png_of(one)), "RRRR png as it is");
}

TEST(PictureForEngine, EachKindOfPng) {
  const auto rgba = [](std::uint32_t x, std::uint32_t y) {
    Bytes pixel = pixel_of(k_quarters, x, y);
    pixel.push_back(255);
    return pixel;
  };
  EXPECT_EQ(sent(png_of(k_quarters.size, {8, 6, 0, {}}, rgba)), "RGBW png as it is") << "opaque all the same";
  // Black lines on nothing are what a drawing program makes.
  const auto clear = [](std::uint32_t x, std::uint32_t) {
    return Bytes{0, 0, 0, x < 20 ? std::uint8_t{0} : std::uint8_t{255}};
  };
  for (std::uint8_t interlace : {0, 1})
    EXPECT_EQ(sent(png_of(k_quarters.size, {8, 6, interlace, {}}, clear)), "WKWK png");
  const auto grey_alpha = [](std::uint32_t x, std::uint32_t) {
    return Bytes{0, x < 20 ? std::uint8_t{0} : std::uint8_t{255}};
  };
  EXPECT_EQ(sent(png_of(k_quarters.size, {8, 4, 0, {}}, grey_alpha)), "WKWK png");
  const auto deep = [](std::uint32_t x, std::uint32_t y) {
    Bytes pixel;
    for (std::uint8_t value : pixel_of(k_quarters, x, y)) put(pixel, Bytes{value, 0x12});
    return pixel;
  };
  EXPECT_EQ(sent(png_of(k_quarters.size, {16, 2, 0, {}}, deep)), "RGBW png") << "16 bits";
  for (std::uint8_t depth : {1, 2, 4, 8}) {
    const auto most = static_cast<std::uint8_t>((1U << depth) - 1);
    EXPECT_EQ(sent(png_of(k_quarters.size, {depth, 0, 0, {}},
                          [&](std::uint32_t x, std::uint32_t) { return Bytes{x < 20 ? std::uint8_t{0} : most}; })),
              "KWKW png as it is")
        << "grey of " << int{depth} << " bits";
  }
}

TEST(PictureForEngine, PngWithAPalette) {
  PngKind kind{2, 3, 0, {}};
  put_png_chunk(kind.before, "PLTE", Bytes{255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255});
  const auto index = [](std::uint32_t x, std::uint32_t y) {
    return Bytes{static_cast<std::uint8_t>((x >= 20 ? 1 : 0) + (y >= 12 ? 2 : 0))};
  };
  EXPECT_EQ(sent(png_of(k_quarters.size, kind, index)), "RGBW png as it is");
  put_png_chunk(kind.before, "tRNS", Bytes{255, 255, 0});
  EXPECT_EQ(sent(png_of(k_quarters.size, kind, index)), "RGWW png") << "the third colour is transparent";
}

TEST(PictureForEngine, JpegOfOtherColours) {
  tjhandle handle = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  Bytes cmyk;  // as Adobe's programs write it: 255 is no ink
  for (std::size_t i = 0; i < k_quarters.size.pixels(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) cmyk.push_back(k_quarters.rgb[3 * i + c]);
    cmyk.push_back(255);
  }
  ASSERT_EQ(tjCompress2(handle, cmyk.data(), 40, 0, 24, TJPF_CMYK, &bytes, &size, TJSAMP_444, 95, 0), 0);
  EXPECT_EQ(sent(Bytes(bytes, bytes + size)), "RGBW jpeg");
  tjFree(bytes);
  bytes = nullptr;
  ASSERT_EQ(tjCompress2(handle, k_quarters.rgb.data(), 40, 0, 24, TJPF_RGB, &bytes, &size, TJSAMP_GRAY, 95, 0), 0);
  const Bytes grey(bytes, bytes + size);
  EXPECT_EQ(picture_for_engine(grey)->bytes, grey);
  tjFree(bytes);
  tjDestroy(handle);
}

TEST(PictureForEngine, PhotographsAreTurnedUpright) {
  const Bytes jpeg = jpeg_of(k_quarters, TJSAMP_444);
  const std::array<const char*, 8> wanted{"RGBW", "GRWB", "WBGR", "BWRG", "RBGW", "BRWG", "WGBR", "GWRB"};
  for (int orientation = 2; orientation <= 8; ++orientation) {
    for (bool is_little : {true, false}) {
      const Bytes turned = with_exif(jpeg, orientation, is_little);
      EXPECT_EQ(sent(turned), std::string(wanted.at(static_cast<std::size_t>(orientation - 1))) + " jpeg");
      EXPECT_EQ(size_sent(turned), orientation < 5 ? (PictureSize{40, 24}) : (PictureSize{24, 40}));
    }
  }
  EXPECT_EQ(sent(with_exif(jpeg, 9)), "RGBW jpeg as it is") << "not an orientation";
  PngKind kind;
  put_png_chunk(kind.before, "eXIf", exif_of(6, false));
  EXPECT_EQ(sent(png_of(k_quarters, kind)), "BRWG png");
}

TEST(PictureForEngine, Webp) {
  EXPECT_EQ(sent(webp_of(k_quarters, false)), "RGBW jpeg");
  EXPECT_EQ(sent(webp_of(k_quarters, true)), "RGBW png");
  Bytes rgba;
  for (std::size_t i = 0; i < k_quarters.size.pixels(); ++i)
    put(rgba, Bytes{0, 0, 0, std::uint8_t{i % 40 < 20 ? std::uint8_t{0} : std::uint8_t{255}}});
  std::uint8_t* bytes = nullptr;
  std::size_t size = WebPEncodeRGBA(rgba.data(), 40, 24, 160, 90, &bytes);
  EXPECT_EQ(sent(Bytes(bytes, bytes + size)), "WKWK png") << "transparent and lossy";
  WebPFree(bytes);
  Bytes chunks(webp_of(k_quarters, true));
  chunks.erase(chunks.begin(), chunks.begin() + 12);
  const Bytes exif = exif_of(6, true);
  put(chunks, "EXIF");
  put_little(chunks, static_cast<std::uint32_t>(exif.size()), 4);
  put(chunks, exif);
  EXPECT_EQ(sent(webp_with(k_quarters.size, 0x08, chunks)), "BRWG png");
}

TEST(PictureForEngine, OfAnAnimationTheFirstFrame) {
  Bytes chunks;
  put(chunks, "ANIM");
  put_little(chunks, 6, 4);
  put(chunks, Bytes(6, 0));
  Bytes small = chunks;
  put(chunks, webp_frame(0, 0, k_quarters));
  put(chunks, webp_frame(0, 0, Raster{{40, 24}, Bytes(40 * 24 * 3)}));
  EXPECT_EQ(sent(webp_with(k_quarters.size, 0x02, chunks)), "RGBW png");
  put(small, webp_frame(20, 12, Raster{{20, 12}, Bytes(20 * 12 * 3)}));
  EXPECT_EQ(sent(webp_with(k_quarters.size, 0x12, small)), "WWWK png") << "it covers a part of the canvas";
  EXPECT_NE(error_of(webp_with({30, 24}, 0x02, small)).find("larger than the picture"), std::string::npos);
  GifKind again;
  again.again = true;
  EXPECT_EQ(sent(gif_of({40, 24}, {40, 24}, quarter_indexes({40, 24}), again)), "RGBW png");
}

TEST(PictureForEngine, Gif) {
  const PictureSize size{40, 24};
  const Bytes indexes = quarter_indexes(size);
  EXPECT_EQ(sent(gif_of(size, size, indexes)), "RGBW png");
  GifKind kind;
  kind.transparent = 3;
  EXPECT_EQ(sent(gif_of(size, size, indexes, kind)), "RGWW png");
  const PictureSize quarter{20, 12};
  EXPECT_EQ(sent(gif_of(size, quarter, Bytes(240, 1), {20, 0, -1, false, false})), "WRWW png");
  EXPECT_EQ(size_sent(gif_of({0, 0}, quarter, Bytes(240, 1))), quarter) << "browsers take it";
  Bytes rows;  // as an interlaced file stores them
  for (std::uint32_t from_and_step : {0x08U, 0x48U, 0x24U, 0x12U}) {
    for (std::uint32_t y = from_and_step >> 4; y < size.height; y += from_and_step & 15)
      rows.insert(rows.end(), indexes.begin() + y * 40, indexes.begin() + (y + 1) * 40);
  }
  kind = {};
  kind.interlaced = true;
  EXPECT_EQ(sent(gif_of(size, size, rows, kind)), "RGBW png");
}

TEST(PictureForEngine, GifWithAFullTableOfStrings) {
  const PictureSize size{300, 300};
  Bytes indexes;
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < size.pixels(); ++i) {
    state = state * 1664525 + 1013904223;
    indexes.push_back(static_cast<std::uint8_t>(5 + (state >> 24) % (i < 45000 ? 251 : 4)));
  }
  auto picture = picture_for_engine(gif_of(size, size, indexes));
  ASSERT_TRUE(picture) << picture.error().message;
  const Raster raster = raster_of(*picture);
  for (std::size_t i = 0; i < indexes.size(); ++i) ASSERT_EQ(raster.rgb[3 * i], indexes[i]) << i;
}

// A known file of somebody else's encoder.
TEST(PictureForEngine, GifOfAnotherEncoder) {
  const Bytes gif{0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x0A, 0x00, 0x0A, 0x00, 0x91, 0x00, 0x00, 0xFF,
                  0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0x00, 0x00, 0x00, 0x21, 0xF9, 0x04,
                  0x00, 0x00, 0x00, 0x00, 0x00, 0x2C, 0x00, 0x00, 0x00, 0x00, 0x0A, 0x00, 0x0A, 0x00,
                  0x00, 0x02, 0x16, 0x8C, 0x2D, 0x99, 0x87, 0x2A, 0x1C, 0xDC, 0x33, 0xA0, 0x02, 0x75,
                  0xEC, 0x95, 0xFA, 0xA8, 0xDE, 0x60, 0x8C, 0x04, 0x91, 0x4C, 0x01, 0x00, 0x3B};
  EXPECT_EQ(sent(gif), "RBBR png");
}

// The head of a BMP; its colours and rows follow.
Bytes bmp_head(PictureSize size, std::uint16_t bits, std::uint32_t compression, std::uint32_t before_rows,
               bool top_down = false) {
  Bytes out;
  put(out, "BM");
  put(out, Bytes(8));
  put_little(out, 54 + before_rows, 4);
  put_little(out, 40, 4);
  put_little(out, size.width, 4);
  put_little(out, top_down ? 0U - size.height : size.height, 4);
  put_little(out, 1, 2);
  put_little(out, bits, 2);
  put_little(out, compression, 4);
  put_little(out, 0, 4);
  put(out, Bytes(16));
  return out;
}

TEST(PictureForEngine, Bmp) {
  for (bool top_down : {true, false}) {
    Bytes bmp = bmp_head(k_quarters.size, 24, 0, 0, top_down);
    for (std::uint32_t y = 0; y < 24; ++y) {
      for (std::uint32_t x = 0; x < 40; ++x) {
        const Bytes pixel = pixel_of(k_quarters, x, top_down ? y : 23 - y);
        put(bmp, Bytes{pixel[2], pixel[1], pixel[0]});
      }
    }
    EXPECT_EQ(sent(bmp), "RGBW png");
    EXPECT_NE(error_of(Bytes(bmp.begin(), bmp.end() - 1)).find("ends too early"), std::string::npos);
  }
  Bytes palette = bmp_head({2, 2}, 4, 0, 16);
  put(palette, Bytes{0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0});
  put(palette, Bytes{0x23, 0, 0, 0, 0x01, 0, 0, 0});
  EXPECT_EQ(sent(palette), "RGBW png");
  Bytes masks = bmp_head({2, 1}, 16, 3, 12);
  for (std::uint32_t mask : {0xF800U, 0x07E0U, 0x001FU}) put_little(masks, mask, 4);
  put(masks, Bytes{0x00, 0xF8, 0xE0, 0x07});
  EXPECT_EQ(sent(masks), "RGRG png");
  Bytes unused = bmp_head({1, 1}, 32, 0, 0);
  put(unused, Bytes{0, 0, 255, 0});
  EXPECT_EQ(sent(unused), "RRRR png") << "the fourth byte means nothing";
  EXPECT_NE(error_of(bmp_head({2, 2}, 8, 1, 0)).find("compressed BMP"), std::string::npos);
}

TEST(PictureForEngine, LargeOnesAreMadeSmaller) {
  PictureBounds bounds;
  bounds.engine_pixels = 40 * 24 / 4;
  EXPECT_EQ(sent(png_of(k_quarters), bounds), "RGBW png");
  EXPECT_EQ(size_sent(png_of(k_quarters), bounds), (PictureSize{20, 12}));
  EXPECT_EQ(size_sent(png_of(k_quarters, {8, 2, 1, {}}), bounds), (PictureSize{20, 12}));
  EXPECT_EQ(sent(webp_of(k_quarters, false), bounds), "RGBW jpeg");
  EXPECT_EQ(size_sent(webp_of(k_quarters, true), bounds), (PictureSize{20, 12}));
  EXPECT_EQ(size_sent(gif_of({40, 24}, {40, 24}, quarter_indexes({40, 24})), bounds), (PictureSize{20, 12}));
  EXPECT_EQ(sent(jpeg_of(k_quarters, TJSAMP_444), bounds), "RGBW jpeg");
  EXPECT_EQ(size_sent(jpeg_of(k_quarters), bounds), (PictureSize{20, 12}));
  bounds.engine_pixels = 40 * 24 / 2;
  EXPECT_EQ(size_sent(jpeg_of(k_quarters), bounds), (PictureSize{25, 15})) << "a JPEG in steps of an eighth";
  EXPECT_EQ(size_sent(png_of(quarters(41, 25)), bounds), (PictureSize{21, 13})) << "the last ones are narrower";
  bounds = {};
  bounds.engine_side = 20;
  EXPECT_EQ(size_sent(png_of(k_quarters), bounds), (PictureSize{20, 12}));
  EXPECT_EQ(size_sent(with_exif(jpeg_of(k_quarters), 6), bounds), (PictureSize{12, 20}));
}

TEST(PictureForEngine, AFileOfTooManyBytesBecomesAJpegOfFewer) {
  PictureBounds bounds;
  bounds.engine_bytes = png_of(k_quarters).size() - 1;
  EXPECT_EQ(sent(png_of(k_quarters), bounds), "RGBW jpeg");
  Raster noise{{64, 64}, Bytes(std::size_t{3} * 64 * 64)};
  std::mt19937 random(1);
  for (auto& value : noise.rgb) value = static_cast<std::uint8_t>(random());
  bounds.engine_bytes = noise.size.pixels();
  for (const Bytes& file : {png_of(noise), jpeg_of(noise, TJSAMP_444), webp_of(noise, true)}) {
    const auto picture = picture_for_engine(file, bounds);
    ASSERT_TRUE(picture) << picture.error().message;
    EXPECT_EQ(picture->type, "image/jpeg");
    EXPECT_LT(picture->bytes.size(), file.size());
    EXPECT_LT(picture->bytes.size(), noise.size.pixels() * 5 / 4);
    EXPECT_EQ(picture->pixels, noise.size.pixels());
  }
}

TEST(PictureForEngine, MeansOfWhatWasThere) {
  Raster stripes{{4, 2}, {}};
  for (int value : {0, 100, 200, 250, 0, 100, 200, 250}) put(stripes.rgb, Bytes(3, static_cast<std::uint8_t>(value)));
  PictureBounds bounds;
  bounds.engine_pixels = 2;
  EXPECT_EQ(raster_of(*picture_for_engine(png_of(stripes), bounds)).rgb, (Bytes{50, 50, 50, 225, 225, 225}));
}

// As long as the header says the size, nothing else has to be there.
TEST(PictureForEngine, TooLargeIsSaidByTheHeader) {
  Bytes png = png_of(k_quarters);
  const auto sized = [&](std::uint32_t width, std::uint32_t height) {
    Bytes size;
    put_big(size, width, 4);
    put_big(size, height, 4);
    std::copy(size.begin(), size.end(), png.begin() + 16);
    return png;
  };
  EXPECT_EQ(error_of(sized(12000, 12000)),
            "it has 12000x12000 pixels, 144 million in all; a PNG of this kind may have 64 million");
  EXPECT_NE(error_of(sized(0x7FFFFFFF, 0x7FFFFFFF)).find("million"), std::string::npos);
  EXPECT_NE(error_of(sized(0xFFFFFFFF, 0xFFFFFFFF)).find("million"), std::string::npos);
  EXPECT_NE(error_of(sized(0, 5)).find("0x5"), std::string::npos);
  EXPECT_NE(error_of(sized(100000, 600)).find("a side may have 65535"), std::string::npos);
  EXPECT_NE(error_of(sized(20000, 90)).find("200 times"), std::string::npos);
  png[28] = 1;
  EXPECT_NE(error_of(sized(8000, 8000)).find("may have 32 million"), std::string::npos) << "interlaced";
  EXPECT_NE(error_of(gif_of({8000, 8000}, {1, 1}, {1})).find("may have 32 million"), std::string::npos);
  Bytes bmp = bmp_head({30000, 30000}, 24, 0, 0);
  EXPECT_NE(error_of(bmp).find("30000x30000"), std::string::npos);
  bmp = bmp_head({0x7FFFFFFF, 0x80000000}, 24, 0, 0);
  EXPECT_NE(error_of(bmp).find("million"), std::string::npos);
  EXPECT_NE(error_of(webp_with({16384, 16384}, 0x02, {})).find("may have 32 million"), std::string::npos);
}

TEST(PictureForEngine, PhotographsOfManyPixelsAreTaken) {
  Raster grey{{9216, 6912}, {}};  // 64 million
  grey.rgb.assign(static_cast<std::size_t>(grey.size.pixels() * 3), 90);
  const Bytes jpeg = jpeg_of(grey);
  Bytes().swap(grey.rgb);
  EXPECT_EQ(size_sent(jpeg), (PictureSize{2304, 1728})) << "a quarter";
  PictureBounds bounds;
  bounds.photo_pixels = 60'000'000;
  EXPECT_NE(error_of(jpeg, bounds).find("9216x6912"), std::string::npos);
}

TEST(PictureForEngine, JpegThatCostsTooMuch) {
  const Bytes progressive = jpeg_of(k_quarters, TJSAMP_444, TJFLAG_PROGRESSIVE);
  PictureBounds bounds;
  bounds.buffered_bytes = 1000;
  EXPECT_NE(error_of(progressive, bounds).find("progressive JPEG of 40x24"), std::string::npos);
  EXPECT_EQ(sent(jpeg_of(k_quarters), bounds), "RGBW jpeg as it is");
  // Scan after scan of nothing.
  const std::size_t scan = text_of(progressive).rfind("\xFF\xDA");
  Bytes many(progressive.begin(), progressive.end() - 2);
  for (int i = 0; i < 100; ++i)
    many.insert(many.end(), progressive.begin() + static_cast<std::ptrdiff_t>(scan), progressive.end() - 2);
  put(many, Bytes{0xFF, 0xD9});
  EXPECT_NE(error_of(many).find("scans; 64 are the most"), std::string::npos);
}

TEST(PictureForEngine, AJpegThatLacksItsEndIsTaken) {
  Raster noise{{160, 160}, {}};
  std::uint32_t state = 7;
  for (std::size_t i = 0; i < noise.size.pixels() * 3; ++i) {
    state = state * 1664525 + 1013904223;
    noise.rgb.push_back(static_cast<std::uint8_t>(state >> 24));
  }
  for (int flags : {0, TJFLAG_PROGRESSIVE}) {
    const Bytes jpeg = jpeg_of(noise, TJSAMP_444, flags);
    const auto cut = [&](std::size_t percent) {
      return Bytes(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(jpeg.size() * percent / 100));
    };
    auto nearly = picture_for_engine(cut(97));
    ASSERT_TRUE(nearly) << nearly.error().message;
    EXPECT_TRUE(nearly->changed) << "the engine gets a whole one";
    EXPECT_TRUE(picture_for_engine(Bytes(jpeg.begin(), jpeg.end() - 2)));
    EXPECT_FALSE(picture_for_engine(cut(1)));
    if (flags == 0) {
      EXPECT_NE(error_of(cut(50)).find("it is cut off, and"), std::string::npos);
    }
  }
}

// Whatever is cut or changed, it ends in a picture that is whole, or in words.
TEST(PictureForEngine, DamagedOnesAreRefusedOrWhole) {
  const PictureSize size{24, 16};
  const Raster picture = quarters(24, 16);
  Bytes bmp = bmp_head(size, 24, 0, 0);
  put(bmp, picture.rgb);
  Bytes moving;
  put(moving, webp_frame(0, 0, picture));
  for (const Bytes& file :
       {png_of(picture), png_of(picture, {8, 2, 1, {}}), jpeg_of(picture),
        with_exif(jpeg_of(picture, TJSAMP_444, TJFLAG_PROGRESSIVE), 6), webp_of(picture, false), webp_of(picture, true),
        webp_with(size, 2, moving), gif_of(size, size, quarter_indexes(size)), bmp}) {
    for (std::size_t cut = 0; cut < file.size(); ++cut) {
      auto read = picture_for_engine(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(cut)));
      if (read) {
        EXPECT_EQ(raster_of(*read).size.pixels(), size.pixels());
      } else {
        EXPECT_EQ(read.error().code, Code::invalid) << read.error().message;
      }
    }
    for (std::size_t at = 0; at < file.size(); ++at) {
      Bytes changed = file;
      changed[at] ^= 0x55;
      auto read = picture_for_engine(changed);
      if (read) {
        EXPECT_EQ(raster_of(*read).size.pixels(), read->pixels);
      }
    }
  }
}

TEST(PictureForEngine, PngWithMoreDataThanPixels) {
  // Its header promises one pixel, its data unpack to twenty megabytes: it must not reach the engine.
  PngKind kind;
  Bytes rows(20'000'000);
  Bytes head;
  put_big(head, 1, 4);
  put_big(head, 1, 4);
  put(head, Bytes{8, 2, 0, 0, 0});
  Bytes bomb;
  put(bomb, "\x89PNG\r\n\x1a\n");
  put_png_chunk(bomb, "IHDR", head);
  put_png_chunk(bomb, "IDAT", deflated(rows));
  put_png_chunk(bomb, "IEND", {});
  const std::size_t size = bomb.size();
  auto picture = picture_for_engine(std::move(bomb));
  if (picture) {
    EXPECT_LT(picture->bytes.size(), size / 10) << "it was made anew";
  }
}

TEST(PictureForEngine, WhatIsNotAPictureIsNamed) {
  const std::string formats = "; PNG, JPEG, WebP, GIF and BMP are read";
  EXPECT_EQ(error_of({}), "it is empty");
  const std::pair<std::string_view, std::string_view> kinds[] = {
      {"<svg xmlns='http://www.w3.org/2000/svg'/>"sv, "an SVG drawing"},
      {"<?xml version='1.0'?><!-- x --><SVG/>"sv, "an SVG drawing"},
      {"\xEF\xBB\xBF<svg/>"sv, "an SVG drawing"},
      {"<!DOCTYPE html><p>404"sv, "an HTML page"},
      {"\n <html>"sv, "an HTML page"},
      {"%PDF-1.7"sv, "a PDF"},
      {"\0\0\0\x18"
       "ftypheic\0\0\0\0"sv,
       "a HEIC photograph"},
      {"\0\0\0\x18"
       "ftypmif1\0\0\0\0"sv,
       "a HEIF photograph"},
      {"\0\0\0\x18"
       "ftypavif\0\0\0\0"sv,
       "an AVIF picture"},
      {"\0\0\0\x18"
       "ftypisom\0\0\0\0"sv,
       "a video (MP4 or QuickTime)"},
      {"II*\0\x08\0\0\0"sv, "a TIFF or a camera's raw file"},
      {"MM\0*\0\0\0\x08"sv, "a TIFF or a camera's raw file"},
      {"\0\0\0\x0CjP  \r\n\x87\n"sv, "a JPEG 2000"},
      {"\0\0\0\x0CJXL \r\n\x87\n"sv, "a JPEG XL"},
      {"\xFF\x0A\x01"sv, "a JPEG XL"},
      {"\0\0\1\0\1\0"sv, "an icon (ICO)"},
      {"RIFF\0\0\0\0WAVEfmt "sv, "a sound (WAV)"},
      {"{\"error\":1}"sv, "JSON"},
      {"hello"sv, "text"},
      {"P6\n1 1\n255\nabc"sv, "a PNM picture"},
      {"\x89PNG\n\x1a\n"sv, "a PNG whose line breaks were changed on its way"},
  };
  for (const auto& [bytes, name] : kinds) {
    const ByteView view = view_of(bytes);
    EXPECT_EQ(error_of(Bytes(view.begin(), view.end())), "it is " + std::string(name) + formats);
  }
  EXPECT_EQ(error_of(Bytes{1, 2, 3, 0xFF}), "it is not a picture of a known format" + formats);
}

}  // namespace
}  // namespace eai::api
