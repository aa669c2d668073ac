#include "cli/terminal_picture.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fcntl.h>
#include <png.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "util/base64.h"
#include "util/text.h"

namespace eai::cli {

const std::string_view k_graphics_query = "\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\\033[c";

namespace {

constexpr std::chrono::milliseconds k_answer_time{300};
constexpr std::uint32_t k_most_rows = 20, k_least_rows = 4;
constexpr std::uint64_t k_most_pixels = 64'000'000;
constexpr std::size_t k_kitty_piece = 4096;

// Keeps the terminal raw, so that an answer is neither echoed nor held back until the end of a line.
class RawTerminal {
 public:
  explicit RawTerminal(int fd) : fd_(fd) {
    if (::tcgetattr(fd, &before_) != 0) return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    changed_ = ::tcsetattr(fd, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);  // drops a late answer, which would look like typing
  }
  RawTerminal(const RawTerminal&) = delete;
  bool changed() const { return changed_; }

 private:
  int fd_;
  termios before_{};
  bool changed_ = false;
};

Graphics ask_terminal(int fd) {
  // The system would stop a process in the background that touches the terminal.
  if (::tcgetpgrp(fd) != ::getpgrp()) return Graphics::none;
  int mode = ::fcntl(fd, F_GETFL);
  if (mode < 0 || (mode & O_ACCMODE) != O_RDWR) return Graphics::none;
  RawTerminal raw(fd);
  if (!raw.changed() || !write_all(fd, view_of(k_graphics_query))) return Graphics::none;
  const auto end = std::chrono::steady_clock::now() + k_answer_time;
  std::string answer;
  while (answer.size() < 4096) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) break;
    std::array<char, 256> piece{};
    ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n <= 0) break;
    answer.append(piece.data(), static_cast<std::size_t>(n));
    if (auto found = graphics_by_answer(answer)) return *found;
  }
  return Graphics::none;
}

struct PngSize {
  std::uint32_t width, height;
};

std::optional<PngSize> png_size(std::string_view png) {
  if (png.size() < 33 || !png.starts_with("\x89PNG\r\n\x1a\n")) return std::nullopt;
  auto number = [&](std::size_t at) {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<std::uint8_t>(png[at + i]);
    return out;
  };
  PngSize size{number(16), number(20)};
  if (size.width == 0 || size.height == 0) return std::nullopt;
  return size;
}

// A colour of the 6 x 6 x 6 cube. Thresholds in a 4 x 4 pattern dither the colours between two of them.
std::uint8_t cube_colour(const std::uint8_t* rgb, std::uint32_t x, std::uint32_t y) {
  constexpr std::array<std::uint8_t, 16> pattern = {0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5};
  const int threshold = pattern[(y % 4) * 4 + x % 4] * 51 / 16;
  int colour = 0;
  for (int i = 0; i < 3; ++i) colour = colour * 6 + std::min(5, (rgb[i] + threshold) / 51);
  return static_cast<std::uint8_t>(colour);
}

void add_run(std::string& out, char sixel, std::size_t count) {
  if (count > 3)
    out += "!" + std::to_string(count) + sixel;
  else
    out.append(count, sixel);
}

// Six rows of pixels. For each colour in them, one character per column, with one bit per row.
void add_band(std::string& out, const std::vector<std::uint8_t>& colours, std::uint32_t width, std::uint32_t rows) {
  std::array<bool, 216> used{};
  for (std::uint8_t colour : colours) used[colour] = true;
  bool first = true;
  for (std::size_t colour = 0; colour < used.size(); ++colour) {
    if (!used[colour]) continue;
    out += (first ? "#" : "$#") + std::to_string(colour);
    first = false;
    char run = 0;
    std::size_t count = 0;
    for (std::uint32_t x = 0; x < width; ++x) {
      int bits = 0;
      for (std::uint32_t y = 0; y < rows; ++y) bits |= (colours[y * width + x] == colour ? 1 : 0) << y;
      const char sixel = static_cast<char>('?' + bits);
      if (sixel != run) {
        add_run(out, run, count);
        run = sixel;
        count = 0;
      }
      ++count;
    }
    if (run != '?') add_run(out, run, count);  // an empty rest of the line can be left out
  }
  out += "-";
}

}  // namespace

std::optional<Graphics> graphics_by_environment(const Environment& environment) {
  auto value = [&](const char* name) {
    const char* found = environment(name);
    return std::string_view(found == nullptr ? "" : found);
  };
  std::string_view term = value("TERM"), program = value("TERM_PROGRAM");
  if (term.empty() || term == "dumb" || term == "linux") return Graphics::none;
  // Inside tmux and screen, the variables describe the terminal outside.
  if (!value("TMUX").empty() || !value("STY").empty()) return std::nullopt;
  if (!value("KITTY_WINDOW_ID").empty() || term == "xterm-kitty" || term == "xterm-ghostty") return Graphics::kitty;
  if (program == "iTerm.app" || program == "WezTerm" || value("LC_TERMINAL") == "iTerm2") return Graphics::iterm;
  return std::nullopt;
}

std::optional<Graphics> graphics_by_answer(std::string_view answer) {
  std::size_t start = answer.find("\033[?");
  std::size_t end = start == std::string_view::npos ? start : answer.find('c', start);
  if (end == std::string_view::npos) return std::nullopt;
  if (answer.find("\033_Gi=31;OK") < start) return Graphics::kitty;
  std::string attributes = ";" + std::string(answer.substr(start + 3, end - start - 3)) + ";";
  return attributes.find(";4;") == std::string::npos ? Graphics::none : Graphics::sixel;
}

Graphics find_graphics(int terminal, const Environment& environment) {
  if (::isatty(terminal) != 1) return Graphics::none;
  if (auto told = graphics_by_environment(environment)) return *told;
  return ask_terminal(terminal);
}

Result<Pixels> decode_png(std::string_view png) {
  auto size = png_size(png);
  if (!size) return fail(Code::invalid, "not a PNG picture");
  if (std::uint64_t{size->width} * size->height > k_most_pixels)
    return fail(Code::invalid, "the picture is too large to show");
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, png.data(), png.size()) == 0) return fail(Code::invalid, image.message);
  image.format = PNG_FORMAT_RGB;
  Pixels out{image.width, image.height, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(image))};
  const png_color white{255, 255, 255};
  if (png_image_finish_read(&image, &white, out.rgb.data(), 0, nullptr) == 0) return fail(Code::invalid, image.message);
  return out;
}

Pixels shrunk(const Pixels& from, std::uint32_t width, std::uint32_t height) {
  if (from.width <= width && from.height <= height) return from;
  const double scale = std::max(static_cast<double>(from.width) / width, static_cast<double>(from.height) / height);
  Pixels out;
  out.width = std::max(1U, static_cast<std::uint32_t>(from.width / scale));
  out.height = std::max(1U, static_cast<std::uint32_t>(from.height / scale));
  out.rgb.reserve(std::size_t{out.width} * out.height * 3);
  // Each new pixel is the mean of the pixels that it replaces.
  for (std::uint32_t y = 0; y < out.height; ++y) {
    const std::uint64_t top = std::uint64_t{y} * from.height / out.height;
    const std::uint64_t bottom = std::max(top + 1, (y + std::uint64_t{1}) * from.height / out.height);
    for (std::uint32_t x = 0; x < out.width; ++x) {
      const std::uint64_t left = std::uint64_t{x} * from.width / out.width;
      const std::uint64_t right = std::max(left + 1, (x + std::uint64_t{1}) * from.width / out.width);
      std::array<std::uint64_t, 3> sum{};
      for (std::uint64_t v = top; v < bottom; ++v)
        for (std::uint64_t u = left; u < right; ++u)
          for (std::size_t i = 0; i < 3; ++i) sum[i] += from.rgb[(v * from.width + u) * 3 + i];
      for (std::uint64_t one : sum)
        out.rgb.push_back(static_cast<std::uint8_t>(one / ((bottom - top) * (right - left))));
    }
  }
  return out;
}

std::string kitty_picture(std::string_view png, std::uint32_t rows) {
  const std::string text = to_base64(png);
  std::string out;
  for (std::size_t at = 0; at < text.size() || at == 0; at += k_kitty_piece) {
    out += "\033_G";
    // C=1: the cursor stays; q=2: no answer; one number, so that the next picture replaces this one.
    if (at == 0) out += "a=T,f=100,i=8201,q=2,C=1,r=" + std::to_string(rows) + ",";
    out += at + k_kitty_piece < text.size() ? "m=1;" : "m=0;";
    out += text.substr(at, k_kitty_piece) + "\033\\";
  }
  return out;
}

std::string iterm_picture(std::string_view file, std::uint32_t rows) {
  return "\033]1337;File=inline=1;size=" + std::to_string(file.size()) + ";height=" + std::to_string(rows) +
         ";preserveAspectRatio=1:" + to_base64(file) + "\a";
}

std::string sixel_picture(const Pixels& pixels) {
  std::string out = "\033P0;1;0q\"1;1;" + std::to_string(pixels.width) + ";" + std::to_string(pixels.height);
  for (int colour = 0; colour < 216; ++colour) {
    out += "#" + std::to_string(colour) + ";2";  // red, green, blue in percent
    for (int part : {colour / 36, colour / 6 % 6, colour % 6}) out += ";" + std::to_string(part * 20);
  }
  std::vector<std::uint8_t> colours;
  for (std::uint32_t top = 0; top < pixels.height; top += 6) {
    const std::uint32_t rows = std::min(6U, pixels.height - top);
    colours.clear();
    for (std::uint32_t y = top; y < top + rows; ++y)
      for (std::uint32_t x = 0; x < pixels.width; ++x)
        colours.push_back(cube_colour(&pixels.rgb[(std::size_t{y} * pixels.width + x) * 3], x, y));
    add_band(out, colours, pixels.width, rows);
  }
  return out + "\033\\";
}

PicturePlace::PicturePlace(Graphics graphics, int terminal, Write write)
    : graphics_(graphics), terminal_(terminal), write_(std::move(write)) {}

PicturePlace::Room PicturePlace::room() const {
  winsize size{};
  if (::ioctl(terminal_, TIOCGWINSZ, &size) != 0) return {};
  Room out{size.ws_row, size.ws_col, 10, 20};  // the cell size if the terminal does not tell it
  if (size.ws_xpixel >= size.ws_col && size.ws_ypixel >= size.ws_row && size.ws_col > 0 && size.ws_row > 0) {
    out.cell_width = size.ws_xpixel / size.ws_col;
    out.cell_height = size.ws_ypixel / size.ws_row;
  }
  return out;
}

std::string PicturePlace::drawn(std::string_view png, const Room& room) const {
  if (graphics_ == Graphics::kitty) return kitty_picture(png, rows_);
  if (graphics_ == Graphics::iterm) return iterm_picture(png, rows_);
  auto pixels = decode_png(png);
  if (!pixels) return "";
  return sixel_picture(shrunk(*pixels, room.columns * room.cell_width, rows_ * room.cell_height));
}

void PicturePlace::show(std::string_view png) {
  const auto size = png_size(png);
  const Room here = room();
  if (graphics_ == Graphics::none || !size || here.columns == 0) return;
  const bool first = rows_ == 0;
  if (first) {
    // At most as wide as the terminal, and at most half as high.
    const std::uint64_t widest = std::uint64_t{here.columns} * here.cell_width * size->height / size->width;
    const std::uint64_t rows = std::min<std::uint64_t>({k_most_rows, here.rows / 2, widest / here.cell_height});
    if (rows < k_least_rows) return;
    rows_ = static_cast<std::uint32_t>(rows);
  }
  const std::string picture = drawn(png, here);
  if (picture.empty()) return;
  const std::string height = std::to_string(rows_);
  // New lines make room, so that the screen scrolls if it must. Then the cursor goes back to below the picture.
  write_((first ? std::string(rows_, '\n') : std::string()) + "\033[" + height + "A\0337" + picture + "\0338\033[" +
         height + "B\r");
}

}  // namespace eai::cli
