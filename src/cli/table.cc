#include "cli/table.h"

#include <algorithm>
#include <cstdint>

#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::size_t k_cell_limit = 4096;
constexpr std::size_t k_gap = 2;

// Makes columns narrower until the table has room: first column `shrink`, then whichever is the widest.
void fit(std::vector<std::size_t>& widths, std::size_t shrink, std::size_t room) {
  constexpr std::size_t k_least = 9;
  std::size_t total = k_gap * (widths.size() - 1);
  for (const std::size_t width : widths) total += width;
  const auto narrow = [&](std::size_t& width) {
    const std::size_t less = std::min(total > room ? total - room : 0, width > k_least ? width - k_least : 0);
    width -= less;
    total -= less;
  };
  narrow(widths[shrink]);
  while (total > room) {
    const auto widest = std::ranges::max_element(widths);
    if (*widest <= k_least) return;
    --*widest;
    --total;
  }
}

std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string cell = shortened(cells[i], widths[i]);
    out += cell;
    if (i + 1 < cells.size()) out.append(widths[i] - width_of(cell) + k_gap, ' ');
  }
  return out;
}

// Without the escape sequences of colours: ESC [ … m.
std::string without_colours(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t at = text.find('\033');
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    const std::size_t end = text.find('m', at);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

}  // namespace

std::vector<std::string> table_lines(const std::vector<std::string>& head,
                                     const std::vector<std::vector<std::string>>& rows, std::size_t shrink,
                                     std::size_t room) {
  std::vector<std::vector<std::string>> shown_rows = rows;
  for (auto& row : shown_rows) {
    for (std::string& cell : row) cell = printable(cell, k_cell_limit);
  }
  std::vector<std::size_t> widths;
  for (const std::string& title : head) widths.push_back(width_of(title));
  for (const auto& row : shown_rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  fit(widths, shrink, room);
  std::vector<std::string> out{line_of(head, widths)};
  for (const auto& row : shown_rows) out.push_back(line_of(row, widths));
  return out;
}

std::string tab_separated(const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) out += (i == 0 ? "" : "\t") + printable(cells[i], SIZE_MAX);
  return out;
}

std::size_t lines_on_screen(std::string_view text, std::size_t columns) {
  std::size_t out = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t width = width_of(without_colours(line));
    out += std::max<std::size_t>(1, columns == 0 ? 1 : (width + columns - 1) / columns);
  }
  return out;
}

}  // namespace eai::cli
