// Why: the same rows are read by people on a terminal, who want columns that fit, and by programs in a pipe, which want
// whole cells.
// Thread: any; pure functions.
// What holds: no cell can break a line or a column, whatever it is: what could do so is shown as '?'.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace eai::cli {

// The heading, then the rows. Each column is as wide as its widest cell. If `room` columns are too few, the cells of
// column `shrink` are shortened in the middle, and then those of the widest columns.
std::vector<std::string> table_lines(const std::vector<std::string>& head,
                                     const std::vector<std::vector<std::string>>& rows, std::size_t shrink,
                                     std::size_t room);

std::string tab_separated(const std::vector<std::string>& cells);

// How many lines of a screen the text takes, of which a long line takes several. Our own colours have no width.
std::size_t lines_on_screen(std::string_view text, std::size_t columns);

}  // namespace eai::cli
