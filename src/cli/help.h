// Why: makes --help readable. Related options stand together, lines fit the terminal, and each option says which values
// it accepts, what the default is, and which variable sets it too.
// Thread: one.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cli/commands.h"
#include "cli/overview.h"
#include "cli/topics.h"

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

// The same without the variable at its end.
std::string without_variable(std::string help);

// Lines for a terminal of that width; 0: not a terminal. Each ends with a line break.
std::string paragraph_lines(std::string_view text, std::size_t columns);
// The name, then what it says, which begins at column `left`, or on the next line if the name is too long.
std::string entry_lines(std::string_view name, std::string_view says, std::size_t left, std::size_t columns);
std::string example_lines(std::span<const Example> examples, std::size_t columns);
std::string topic_text(const Topic& topic, std::size_t columns);

// The heading under which the command's --help lists the option.
std::string group_of(const Setting& setting, const Command& command);

}  // namespace eai::cli
