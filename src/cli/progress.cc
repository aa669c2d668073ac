#include "cli/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "util/text.h"

namespace eai::cli {
namespace {

constexpr auto k_between_frames = std::chrono::milliseconds(100);
constexpr auto k_between_lines = std::chrono::seconds(5);
constexpr auto k_between_same_lines = std::chrono::seconds(30);

double fraction_of(const Bar& bar) {
  if (bar.total == 0) return 0;
  return std::min(1.0, static_cast<double>(bar.done) / static_cast<double>(bar.total));
}

std::string percent_of(const Bar& bar) {
  // Rounded down, so that 100% means all of it.
  return std::to_string(static_cast<int>(std::floor(fraction_of(bar) * 100))) + "%";
}

std::string amount_of(const Bar& bar) {
  if (!bar.amount.empty()) return bar.amount;
  if (bar.total == 0) return human_bytes(bar.done);
  return human_bytes(bar.done) + " of " + human_bytes(bar.total);
}

// Empty: unknown.
std::string rate_of(const Bar& bar) {
  if (!bar.rate.empty() || bar.bytes_per_second <= 0) return bar.rate;
  return human_bytes(static_cast<std::uint64_t>(bar.bytes_per_second)) + "/s";
}

std::string drawn_bar(const Bar& bar, std::size_t cells, const BarStyle& style) {
  auto full = static_cast<std::size_t>(fraction_of(bar) * static_cast<double>(cells));
  std::string out = style.colour ? "\033[32m" : "";
  for (std::size_t i = 0; i < full; ++i) out += style.utf8 ? "█" : "#";
  if (style.colour) out += "\033[0m";
  for (std::size_t i = full; i < cells; ++i) out += style.utf8 ? "░" : "-";
  return out;
}

std::string text_of(const BarTrouble& trouble) {
  return trouble.wait ? trouble.what + ", waiting " + human_duration(*trouble.wait) : trouble.what;
}

std::string text_of(const BarWait& wait) { return wait.what + ", " + wait.until; }

// What the bars are about, without their numbers; it changes when something else begins.
std::string shape_of(const std::vector<Bar>& bars) {
  std::string out;
  for (const Bar& bar : bars) {
    out += bar.label + "\n" + bar.phase + "\n";
    if (bar.waits && bar.waits->news == BarWait::News::yes) out += bar.waits->what + "\n";
  }
  return out;
}

// How far they are; it stays while nothing gets on.
std::string reach_of(const std::vector<Bar>& bars) {
  std::string out;
  for (const Bar& bar : bars) {
    out += std::to_string(bar.done) + "/" + std::to_string(bar.total) + " " + bar.amount + " " + bar.more + " " +
           std::to_string(static_cast<int>(bar.phase_fraction * 100)) + "\n";
  }
  return out;
}

// Moves the cursor up to the first of these lines and clears them.
std::string back_over(std::size_t lines) {
  return "\r" + (lines > 1 ? "\033[" + std::to_string(lines - 1) + "A" : std::string()) + "\033[J";
}

}  // namespace

std::string bar_line(const Bar& bar, const BarStyle& style) {
  constexpr std::size_t cells = 20;
  std::string line = bar.phase.empty() ? percent_of(bar) : printable(bar.phase);
  if (bar.phase_fraction > 0) line += " " + std::to_string(static_cast<int>(bar.phase_fraction * 100)) + "%";
  if (bar.phase.empty() && bar.total == 0) line = amount_of(bar);
  std::size_t used = width_of(line);
  if (used > style.columns) return style.columns < 3 ? std::string(style.columns, '.') : shortened(line, style.columns);
  // In order of importance; each part is added if it still fits.
  auto fits = [&](std::size_t more) { return used + more <= style.columns; };
  auto add = [&](const std::string& part) {
    if (part.empty() || !fits(width_of(part) + 2)) return false;
    line += "  " + part;
    used += width_of(part) + 2;
    return true;
  };
  std::string label = shortened(printable(bar.label), std::max<std::size_t>(12, style.columns / 3));
  bool with_label = !label.empty() && fits(width_of(label) + 2);
  if (with_label) used += width_of(label) + 2;
  bool counted = bar.phase.empty() && bar.total != 0;
  if (counted) add(amount_of(bar));
  if (bar.waits) {
    add(text_of(*bar.waits));
  } else if (counted) {
    add(rate_of(bar));
    if (bar.time_left) add(human_duration(*bar.time_left) + " left");
  }
  add(bar.more);
  bool with_bar = counted && fits(cells + 2);
  if (with_bar) used += cells + 2;
  if (!bar.troubles.empty()) {
    std::string trouble = "(" + printable(text_of(bar.troubles.front()), 400) + ")";
    if (!add(trouble) && used + 12 <= style.columns) add(shortened(trouble, style.columns - used - 2));
  }
  std::string front = with_label ? label + "  " : "";
  if (with_bar) front += drawn_bar(bar, cells, style) + "  ";
  return front + line;
}

std::string plain_line(const Bar& bar) {
  std::string out = bar.label + ": ";
  const std::string waits = bar.waits ? ", " + text_of(*bar.waits) : "";
  if (!bar.phase.empty()) return out + bar.phase + waits;
  out += amount_of(bar);
  if (bar.total != 0) out += " (" + percent_of(bar) + ")";
  if (bar.waits) return out + waits;
  if (const std::string rate = rate_of(bar); !rate.empty()) out += ", " + rate;
  if (bar.time_left) out += ", " + human_duration(*bar.time_left) + " left";
  if (!bar.more.empty()) out += ", " + bar.more;
  return out;
}

void ProgressDisplay::show(const std::vector<Bar>& bars, Clock::time_point now) {
  if (out_.quiet() || out_.json() || bars.empty()) return;
  if (!out_.error_is_terminal()) return show_plain(bars, now);
  const std::string shape = shape_of(bars);
  if (last_ && now - *last_ < k_between_frames && shape == last_shape_) return;
  last_ = now;
  last_shape_ = shape;
  // Leaves one column free, because some terminals wrap a line that is exactly as wide as they are.
  BarStyle style{std::max<std::size_t>(out_.error_columns(), 11) - 1, out_.is_utf8(), out_.colour_on_error()};
  std::string frame = back_over(on_screen_);
  for (const Bar& bar : bars) frame += (&bar == &bars.front() ? "" : "\n") + bar_line(bar, style);
  std::fprintf(stderr, "%s", frame.c_str());
  on_screen_ = bars.size();
}

void ProgressDisplay::show_plain(const std::vector<Bar>& bars, Clock::time_point now) {
  for (const Bar& bar : bars) {
    for (const BarTrouble& trouble : bar.troubles) {
      if (std::find(told_.begin(), told_.end(), trouble.what) != told_.end() || told_.size() >= 100) continue;
      told_.push_back(trouble.what);
      out_.note(bar.label + ": " + text_of(trouble));
    }
  }
  const std::string shape = shape_of(bars);
  const std::string reach = reach_of(bars);
  const auto pause = reach == last_reach_ ? k_between_same_lines : k_between_lines;
  if (last_ && now - *last_ < pause && shape == last_shape_) return;
  last_ = now;
  last_shape_ = shape;
  last_reach_ = reach;
  for (const Bar& bar : bars) out_.note(plain_line(bar));
}

void ProgressDisplay::clear() {
  if (on_screen_ > 0) std::fprintf(stderr, "%s", back_over(on_screen_).c_str());
  on_screen_ = 0;
  if (out_.error_is_terminal()) last_.reset();
}

}  // namespace eai::cli
