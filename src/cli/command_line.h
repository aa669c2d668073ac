// Why: turns argv into a command, its words and the options given. The heavy parser is included in one file only.
// Thread: one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/config.h"

namespace eai::cli {

struct Parsed {
  const Command* command = nullptr;  // null: only print `help`
  Words words;
  Given given;
  std::string help;
};

// Code::invalid: a word is wrong; the error suggests similar ones and names the help to read. `columns`: how wide --help
// may be; 0: the output is not a terminal.
Result<Parsed> parse_command_line(int argc, const char* const* argv, std::size_t columns = 0);

}  // namespace eai::cli
