// Why: an editor and a pager are programs that the person at the terminal has chosen, and both are started like this.
// Thread: the main one; blocks until the program has ended.
// What holds: its words come from the environment or the settings and are split at blanks; no shell reads them. Ctrl-C
// and Ctrl-\ are the program's while it runs.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace eai::cli {

std::vector<std::string> words_of_program(std::string_view text);
// Of the first of these variables that says anything; else of `otherwise`.
std::vector<std::string> words_from_environment(std::initializer_list<const char*> variables,
                                                std::string_view otherwise);

struct ChildProgram {
  std::vector<std::string> words;              // the program and its arguments
  std::optional<std::string_view> input = {};  // what it reads from its standard input; else that is ours
  std::string variable = {};                   // "NAME=value", added if the environment has no NAME
};

// The exit status; 128 and more if a signal has ended it. Code::not_found: there is no such program. It need not read
// all of its input.
Result<int> run_child(ChildProgram program);

}  // namespace eai::cli
