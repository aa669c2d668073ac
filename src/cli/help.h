// Why: makes --help readable. Related options stand together, lines fit the terminal, and each option says which values
// it accepts, what the default is, and which variable sets it too.
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

// For the program's --help. 0 columns: the output is not a terminal.
std::shared_ptr<CLI::Formatter> help_formatter(std::size_t columns);

// CLI11 leaves two empty lines between groups; this leaves one.
std::string without_gaps(std::string help);

// "8080", "4GiB", "true", or the words for an empty default; empty: nothing to say.
std::string default_of(const Setting& setting);

// "Port to listen on; 0 takes a free one (default: 8080) [EAI_PORT]"
std::string help_of(const Setting& setting);

// The heading under which the command's --help lists the option.
std::string group_of(const Setting& setting, const Command& command);

}  // namespace eai::cli
