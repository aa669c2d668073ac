// Why: argv becomes words and given options. The heavy parser stays in one file.
// Thread: one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/config.h"

namespace eai::cli {

struct Parsed {
  const Command* command = nullptr;  // null: there is only text to print
  Words words;
  Given given;
  std::string help;  // what --help asked for
};

// Code::invalid: a wrong word, with near ones and where to read on. `columns` is the width of --help; 0: no terminal.
Result<Parsed> parse_command_line(int argc, const char* const* argv, std::size_t columns = 0);

}  // namespace eai::cli
