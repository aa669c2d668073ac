// Why: an option list that can be read: what belongs together stands together, each line fits the terminal, and says
// which values there are, which one counts when nothing is said, and which variable sets it too.
// Thread: one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "cli/commands.h"

namespace CLI {
class Formatter;
}

namespace eai::cli {

// Of the program's --help; 0 columns: not a terminal.
std::shared_ptr<CLI::Formatter> help_formatter(std::size_t columns);

// The library leaves two lines free between groups.
std::string without_gaps(std::string help);

// "Port to listen on; 0 takes a free one (default: 8080) [EAI_PORT]"
std::string help_of(const Setting& setting);

// The heading under which a command's --help lists the option.
std::string group_of(const Setting& setting, const Command& command);

}  // namespace eai::cli
