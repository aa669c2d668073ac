// Why: whoever does not know eai yet sees first what people type, then the commands in groups that belong together. The
// manual is made from the same tables.
// Thread: any.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"

namespace eai::cli {

struct Example {
  std::string_view words, says;
};

struct CommandGroup {
  std::string_view title;
  std::vector<const Command*> commands;
};

constexpr std::string_view k_about =
    "eai fetches AI models by the hash of their bytes, verifies them, and serves them on this machine.";

std::span<const Example> first_examples();
// How people use the command; empty: there is nothing to show.
std::vector<Example> examples_of(const Command& command);

// Every command is in one of them.
std::vector<CommandGroup> command_groups();

// As most people type it: "ls", "model check", "image".
std::string usual_words(const Command& command);

// What `eai --help` prints, and `eai model --help`. 0 columns: the output is not a terminal.
std::string overview(std::size_t columns);
std::string model_overview(std::size_t columns);

}  // namespace eai::cli
