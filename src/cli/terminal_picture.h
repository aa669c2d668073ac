// Why: pictures inside a terminal that can show them, and nothing where it cannot.
// Thread: one; find_graphics() waits for the terminal's answer, a third of a second at most.
// What holds: a terminal is asked only when the environment does not tell, with questions that every terminal since the
// VT100 answers or swallows; what it answers is taken off its input again.
// Source: kitty's graphics protocol; iTerm2's inline images (OSC 1337); DEC's sixel (VT3xx Graphics, chapter 14), told by
// a 4 in the primary device attributes (DA1).
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

// What the environment alone says; nothing: the terminal has to be asked.
std::optional<Graphics> graphics_by_environment(const Environment& environment);

// Asks for kitty's protocol, then for DA1, whose answer ends all.
extern const std::string_view k_graphics_query;
// What was answered; nothing while the answer is not whole.
std::optional<Graphics> graphics_by_answer(std::string_view answer);

// For the terminal at this descriptor. none: it is no terminal, shows no pictures, does not answer, or is not ours now.
Graphics find_graphics(int terminal, const Environment& environment);

struct Pixels {
  std::uint32_t width = 0, height = 0;
  std::vector<std::uint8_t> rgb;  // row by row, three bytes each
};
// Code::invalid: no PNG, or one of more than 64 million pixels.
Result<Pixels> decode_png(std::string_view png);
// As it is, or made smaller, to be at most so large.
Pixels shrunk(const Pixels& pixels, std::uint32_t width, std::uint32_t height);

// What to write so that the picture stands at the cursor, `rows` lines high. Kitty replaces what it showed before.
std::string kitty_picture(std::string_view png, std::uint32_t rows);
std::string iterm_picture(std::string_view file, std::uint32_t rows);
std::string sixel_picture(const Pixels& pixels);

// A place for one picture that changes, above the line that shows progress.
class PicturePlace {
 public:
  using Write = std::function<void(std::string_view)>;
  // `write` to the terminal at this descriptor, whose cursor is at the start of an empty line at each show().
  PicturePlace(Graphics graphics, int terminal, Write write);
  // A picture that cannot be shown is left out.
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
