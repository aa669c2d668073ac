#include "picture.h"

#include <cstring>

#include <gtest/gtest.h>
#include <png.h>

namespace eai::image_engine {
namespace {

constexpr std::int64_t k_pixels = 1 << 20;

// Each pixel another one, so that a row in the wrong place is seen.
Picture pattern(int width, int height) {
  Picture p{width, height, 3, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int value : {x * 3, y * 5, (x + y) * 2}) p.pixels.push_back(static_cast<std::uint8_t>(value));
  return p;
}

std::string png_of(const Picture& p, std::uint32_t format) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(p.width);
  image.height = static_cast<png_uint_32>(p.height);
  image.format = format;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string out(size, '\0');
  EXPECT_NE(png_image_write_to_memory(&image, out.data(), &size, 0, p.pixels.data(), 0, nullptr), 0);
  out.resize(size);
  return out;
}

TEST(Picture, PngComesBackAsItWas) {
  const Picture p = pattern(17, 9);
  for (bool fast : {false, true}) {
    auto file = encode(p, Encoding{Format::png, 100, fast, {}});
    ASSERT_TRUE(file);
    auto back = decode(*file, k_pixels);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->width, 17);
    EXPECT_EQ(back->height, 9);
    EXPECT_EQ(flattened(*back).pixels, p.pixels);
  }
}

TEST(Picture, JpegAndWebpAreNearToWhatTheyWere) {
  const Picture p = pattern(64, 48);
  for (Format format : {Format::jpeg, Format::webp}) {
    auto file = encode(p, Encoding{format, 100, false, {}});
    ASSERT_TRUE(file);
    auto back = decode(*file, k_pixels);
    ASSERT_TRUE(back) << back.error().message;
    const Picture flat = flattened(*back);
    ASSERT_EQ(flat.pixels.size(), p.pixels.size());
    int worst = 0;
    for (std::size_t i = 0; i < p.pixels.size(); ++i) worst = std::max(worst, std::abs(flat.pixels[i] - p.pixels[i]));
    EXPECT_LT(worst, 40) << name_of(format);
    auto smaller = encode(p, Encoding{format, 5, false, {}});
    ASSERT_TRUE(smaller);
    EXPECT_LT(smaller->size(), file->size());
  }
}

TEST(Picture, WordsInAPngAreReadable) {
  auto file = encode(pattern(4, 4), Encoding{Format::png, 100, false, "a dög"});
  ASSERT_TRUE(file);
  EXPECT_NE(file->find("iTXtparameters"), std::string::npos);
  EXPECT_NE(file->find("a dög"), std::string::npos);
  EXPECT_TRUE(decode(*file, k_pixels)) << "the chunk's sum is right";
  EXPECT_EQ(encode(pattern(4, 4), Encoding{Format::png, 100, false, {}})->find("iTXt"), std::string::npos);
}

TEST(Picture, GreyAndTransparentOnesAreTaken) {
  Picture grey{2, 1, 1, {0, 200}};
  auto read = decode(png_of(grey, PNG_FORMAT_GRAY), k_pixels);
  ASSERT_TRUE(read);
  EXPECT_EQ(flattened(*read).pixels, (std::vector<std::uint8_t>{0, 0, 0, 200, 200, 200}));
  Picture clear{2, 1, 4, {10, 20, 30, 0, 10, 20, 30, 255}};
  read = decode(png_of(clear, PNG_FORMAT_RGBA), k_pixels);
  ASSERT_TRUE(read);
  EXPECT_EQ(flattened(*read).pixels, (std::vector<std::uint8_t>{255, 255, 255, 10, 20, 30}));
}

TEST(Picture, AMaskSaysByTransparencyOrByWhite) {
  const Picture clear{2, 1, 4, {0, 0, 0, 0, 255, 255, 255, 255}};
  EXPECT_EQ(drawing_mask(clear).pixels, (std::vector<std::uint8_t>{255, 0}));
  const Picture plain{2, 1, 4, {0, 0, 0, 255, 255, 255, 255, 255}};
  EXPECT_EQ(drawing_mask(plain).pixels, (std::vector<std::uint8_t>{0, 255}));
}

TEST(Picture, ShrunkPixelsAreMeans) {
  const Picture four{4, 1, 1, {0, 100, 200, 220}};
  EXPECT_EQ(shrunk(four, 4).pixels, four.pixels);
  const Picture two{4, 2, 1, {0, 100, 200, 220, 0, 100, 200, 240}};
  const Picture small = shrunk(two, 2);
  EXPECT_EQ(small.width, 2);
  EXPECT_EQ(small.height, 1);
  EXPECT_EQ(small.pixels, (std::vector<std::uint8_t>{50, 215}));
  const Picture narrow{1000, 1, 3, std::vector<std::uint8_t>(3000, 7)};
  EXPECT_EQ(shrunk(narrow, 10).height, 1);
}

TEST(Picture, TooManyPixelsAreRefusedByTheHeader) {
  auto file = encode(pattern(64, 64), Encoding{});
  ASSERT_TRUE(file);
  EXPECT_TRUE(decode(*file, 64 * 64));
  auto refused = decode(*file, 64 * 64 - 1);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("64x64"), std::string::npos);
  std::string bomb = *file;
  std::memcpy(bomb.data() + 16, "\x7f\xff\xff\xff\x7f\xff\xff\xff", 8);  // width and height; the sum is wrong then too
  EXPECT_FALSE(decode(bomb, k_pixels));
}

// Whatever is cut or changed, decode() ends, and gives a whole picture or none.
TEST(Picture, DamagedFilesAreRefusedOrWhole) {
  for (Format format : {Format::png, Format::jpeg, Format::webp}) {
    auto file = encode(pattern(24, 16), Encoding{format, 80, false, {}});
    ASSERT_TRUE(file);
    const Picture whole = *decode(*file, k_pixels);
    for (std::size_t size = 0; size < file->size(); ++size) {
      auto read = decode(file->substr(0, size), k_pixels);
      if (!read) continue;
      EXPECT_GT(size, file->size() * 3 / 4) << name_of(format);
      EXPECT_EQ(read->pixels, whole.pixels) << name_of(format) << " cut at " << size;  // only its end mark is gone
    }
    for (std::size_t at = 0; at < file->size(); at += 3) {
      std::string changed = *file;
      changed[at] = static_cast<char>(changed[at] ^ 0x55);
      auto read = decode(changed, k_pixels);
      if (!read) continue;
      EXPECT_EQ(read->pixels.size(),
                static_cast<std::size_t>(read->width) * static_cast<std::size_t>(read->height) * 4);
    }
  }
}

}  // namespace
}  // namespace eai::image_engine
