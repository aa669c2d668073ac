#include "cli/terminal_picture.h"

#include <map>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <png.h>
#ifdef __APPLE__
#include <util.h>
#else
#include <pty.h>
#endif
#include <sys/ioctl.h>

#include "util/base64.h"
#include "util/file.h"

namespace eai::cli {
namespace {

Environment world(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) {
    auto at = values.find(name);
    return at == values.end() ? nullptr : at->second.c_str();
  };
}

std::string png_of(const Pixels& pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = pixels.width;
  image.height = pixels.height;
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string out(size, '\0');
  EXPECT_NE(png_image_write_to_memory(&image, out.data(), &size, 0, pixels.rgb.data(), 0, nullptr), 0);
  out.resize(size);
  return out;
}

Pixels one_colour(std::uint32_t width, std::uint32_t height, std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  Pixels out{width, height, {}};
  for (std::uint32_t i = 0; i < width * height; ++i) out.rgb.insert(out.rgb.end(), {r, g, b});
  return out;
}

TEST(Graphics, TheEnvironmentTellsOfKnownTerminals) {
  using Told = std::optional<Graphics>;
  EXPECT_EQ(graphics_by_environment(world({})), Told(Graphics::none));
  EXPECT_EQ(graphics_by_environment(world({{"TERM", "dumb"}})), Told(Graphics::none));
  EXPECT_EQ(graphics_by_environment(world({{"TERM", "xterm-kitty"}})), Told(Graphics::kitty));
  EXPECT_EQ(graphics_by_environment(world({{"TERM", "xterm"}, {"KITTY_WINDOW_ID", "1"}})), Told(Graphics::kitty));
  EXPECT_EQ(graphics_by_environment(world({{"TERM", "xterm-256color"}, {"TERM_PROGRAM", "iTerm.app"}})),
            Told(Graphics::iterm));
  EXPECT_EQ(graphics_by_environment(world({{"TERM", "xterm-256color"}, {"LC_TERMINAL", "iTerm2"}})),
            Told(Graphics::iterm));
  EXPECT_EQ(graphics_by_environment(world({{"TERM", "xterm-256color"}})), Told());
  EXPECT_EQ(graphics_by_environment(world({{"TERM", "screen"}, {"TMUX", "x"}, {"KITTY_WINDOW_ID", "1"}})), Told())
      << "what tmux shows is tmux's to say";
}

TEST(Graphics, TheTerminalsAnswerTells) {
  using Told = std::optional<Graphics>;
  EXPECT_EQ(graphics_by_answer(""), Told());
  EXPECT_EQ(graphics_by_answer("\033_Gi=31;OK\033\\"), Told()) << "the end is still missing";
  EXPECT_EQ(graphics_by_answer("\033_Gi=31;OK\033\\\033[?62c"), Told(Graphics::kitty));
  EXPECT_EQ(graphics_by_answer("\033[?62;4;22c"), Told(Graphics::sixel));
  EXPECT_EQ(graphics_by_answer("\033[?4c"), Told(Graphics::sixel));
  EXPECT_EQ(graphics_by_answer("\033[?64;1;42c"), Told(Graphics::none)) << "42 is no 4";
}

TEST(Graphics, ASilentTerminalAndNoTerminalAreGivenUp) {
  int controller = -1, terminal = -1;
  ASSERT_EQ(::openpty(&controller, &terminal, nullptr, nullptr, nullptr), 0);
  UniqueFd one(controller), other(terminal);
  EXPECT_EQ(find_graphics(terminal, world({{"TERM", "xterm-256color"}})), Graphics::none);
  EXPECT_EQ(find_graphics(terminal, world({{"TERM", "xterm-kitty"}})), Graphics::kitty);
  TemporaryFolder folder;
  auto file = open_file(folder.path() / "f", O_RDWR | O_CREAT);
  ASSERT_TRUE(file);
  EXPECT_EQ(find_graphics(file->get(), world({{"TERM", "xterm-kitty"}})), Graphics::none);
}

TEST(Kitty, SmallPicturesGoInOnePiece) {
  EXPECT_EQ(kitty_picture("foobar", 7), "\033_Ga=T,f=100,i=8201,q=2,C=1,r=7,m=0;Zm9vYmFy\033\\");
}

TEST(Kitty, LargeOnesInPiecesOf4096Characters) {
  const std::string file(7000, 'x');
  const std::string out = kitty_picture(file, 9);
  std::string joined;
  std::size_t pieces = 0;
  for (std::size_t at = out.find("\033_G"); at != std::string::npos; at = out.find("\033_G", at + 1)) {
    const std::size_t data = out.find(';', at) + 1;
    const std::string piece = out.substr(data, out.find("\033\\", data) - data);
    EXPECT_LE(piece.size(), 4096U);
    joined += piece;
    ++pieces;
  }
  EXPECT_EQ(pieces, 3U);
  EXPECT_EQ(joined, to_base64(file));
  EXPECT_NE(out.find("r=9,m=1;"), std::string::npos);
  EXPECT_NE(out.find("\033_Gm=1;"), std::string::npos);
  EXPECT_EQ(out.rfind("\033_Gm=0;"), out.rfind("\033_G"));
}

TEST(Iterm, NamesSizeAndHeight) {
  EXPECT_EQ(iterm_picture("foobar", 5), "\033]1337;File=inline=1;size=6;height=5;preserveAspectRatio=1:Zm9vYmFy\a");
}

// The palette is the cube of six steps of red, green and blue; 180 = 5 * 36 is pure red.
TEST(Sixel, OneColour) {
  const std::string out = sixel_picture(one_colour(5, 7, 255, 0, 0));
  EXPECT_TRUE(out.starts_with("\033P0;1;0q\"1;1;5;7#0;2;0;0;0#1;2;0;0;20")) << out.substr(0, 60);
  EXPECT_NE(out.find("#180;2;100;0;0"), std::string::npos);
  EXPECT_TRUE(out.ends_with("#215;2;100;100;100#180!5~-#180!5@-\033\\")) << out.substr(out.size() - 60);
}

TEST(Sixel, SeveralColoursShareABand) {
  Pixels pixels = one_colour(6, 6, 0, 0, 0);
  for (std::size_t y = 0; y < 6; ++y)
    for (std::size_t x = 4; x < 6; ++x) pixels.rgb[(y * 6 + x) * 3 + 2] = 255;
  EXPECT_TRUE(sixel_picture(pixels).ends_with("#0!4~$#5!4?~~-\033\\")) << sixel_picture(pixels);
}

TEST(Sixel, WhatLiesBetweenIsDithered) {
  const std::string out = sixel_picture(one_colour(4, 4, 25, 25, 25));
  const std::string bands = out.substr(out.find("100;100;100") + 11);
  EXPECT_NE(bands.find("#0"), std::string::npos);
  EXPECT_NE(bands.find("#43"), std::string::npos) << "1 * 36 + 1 * 6 + 1";
}

TEST(Png, ThereAndBackAndShrunk) {
  const Pixels pixels = one_colour(8, 4, 10, 200, 30);
  auto read = decode_png(png_of(pixels));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->rgb, pixels.rgb);
  const Pixels small = shrunk(*read, 3, 100);
  EXPECT_EQ(small.width, 3U);
  EXPECT_EQ(small.height, 1U);
  EXPECT_EQ(small.rgb, one_colour(3, 1, 10, 200, 30).rgb);
  EXPECT_EQ(shrunk(*read, 8, 4).rgb, pixels.rgb);
}

TEST(Png, WhatIsNoneOrTooLargeIsRefused) {
  EXPECT_FALSE(decode_png("hello"));
  std::string cut = png_of(one_colour(64, 64, 1, 2, 3));
  EXPECT_FALSE(decode_png(std::string_view(cut).substr(0, 50)));
  cut[16] = 0x7f;  // two milliards of columns
  EXPECT_FALSE(decode_png(cut));
}

TEST(PicturePlace, TheSecondPictureTakesThePlaceOfTheFirst) {
  int controller = -1, terminal = -1;
  winsize size{24, 80, 800, 480};
  ASSERT_EQ(::openpty(&controller, &terminal, nullptr, nullptr, &size), 0);
  UniqueFd one(controller), other(terminal);
  std::string written;
  PicturePlace place(Graphics::kitty, terminal, [&](std::string_view bytes) { written += bytes; });
  place.show("no picture");
  EXPECT_EQ(written, "");
  const std::string png = png_of(one_colour(32, 32, 1, 2, 3));
  place.show(png);
  EXPECT_EQ(written, std::string(12, '\n') + "\033[12A\0337" + kitty_picture(png, 12) + "\0338\033[12B\r");
  written.clear();
  place.show(png);
  EXPECT_EQ(written, "\033[12A\0337" + kitty_picture(png, 12) + "\0338\033[12B\r");
}

TEST(PicturePlace, AWidePictureIsLowerAndATinyTerminalShowsNone) {
  int controller = -1, terminal = -1;
  winsize size{50, 40, 400, 1000};
  ASSERT_EQ(::openpty(&controller, &terminal, nullptr, nullptr, &size), 0);
  UniqueFd one(controller), other(terminal);
  std::string written;
  PicturePlace place(Graphics::iterm, terminal, [&](std::string_view bytes) { written += bytes; });
  place.show(png_of(one_colour(64, 16, 1, 2, 3)));
  EXPECT_NE(written.find("height=5;"), std::string::npos) << "400 pixels wide, 100 high, 20 each row";
  written.clear();
  size = {6, 40, 400, 120};
  ASSERT_EQ(::ioctl(terminal, TIOCSWINSZ, &size), 0);
  PicturePlace tiny(Graphics::iterm, terminal, [&](std::string_view bytes) { written += bytes; });
  tiny.show(png_of(one_colour(64, 64, 1, 2, 3)));
  EXPECT_EQ(written, "");
}

}  // namespace
}  // namespace eai::cli
