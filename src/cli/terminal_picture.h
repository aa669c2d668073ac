// Why: shows pictures inside a terminal that can, and nothing in one that cannot.
// Thread: one; find_graphics() waits for the terminal's answer, for at most a third of a second.
// What holds: a terminal is asked only if the environment does not tell what it can do. Every terminal since the VT100
// answers or ignores the question, and the answer is removed from its input.
// Source: kitty's graphics protocol; iTerm2's inline images (OSC 1337); DEC's sixel (VT3xx Graphics, chapter 14), which a
// 4 in the primary device attributes (DA1) announces.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config.h"
#include "util/result.h"

namespace eai::cli {

enum class Graphics { none, kitty, iterm, sixel };

// What the environment alone tells; nullopt: the terminal has to be asked.
std::optional<Graphics> graphics_by_environment(const Environment& environment);

// Asks for kitty's protocol, then for DA1, whose answer comes last.
extern const std::string_view k_graphics_query;
// What the terminal answered; nullopt: the answer is not complete yet.
std::optional<Graphics> graphics_by_answer(std::string_view answer);

// For the terminal at this descriptor. none: it is not a terminal, cannot show pictures, does not answer, or this process
// is in the background.
Graphics find_graphics(int terminal, const Environment& environment);

struct Pixels {
  std::uint32_t width = 0, height = 0;
  std::vector<std::uint8_t> rgb;  // row by row, three bytes each
};
// Code::invalid: not a PNG, or more than 64 million pixels.
Result<Pixels> decode_png(std::string_view png);
// The same picture, made smaller if needed to fit into `width` and `height`.
Pixels shrunk(const Pixels& pixels, std::uint32_t width, std::uint32_t height);

// What to write to show the picture at the cursor, `rows` lines high. Kitty replaces the picture that it showed before.
std::string kitty_picture(std::string_view png, std::uint32_t rows);
std::string iterm_picture(std::string_view file, std::uint32_t rows);
std::string sixel_picture(const Pixels& pixels);

// The place of one changing picture, above the line that shows progress.
class PicturePlace {
 public:
  using Write = std::function<void(std::string_view)>;
  // `write` writes to the terminal at this descriptor. At each show() its cursor is at the start of an empty line.
  PicturePlace(Graphics graphics, int terminal, Write write);
  // Skips a picture that cannot be shown.
  void show(std::string_view png);

 private:
  struct Room {
    std::uint32_t rows, columns, cell_width, cell_height;
  };
  Room room() const;
  std::string drawn(std::string_view png, const Room& room) const;

  Graphics graphics_;
  int terminal_;
  Write write_;
  std::uint32_t rows_ = 0;  // taken on the screen
};

}  // namespace eai::cli
