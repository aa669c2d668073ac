// Why: the scripts of `eai completion` ask the program itself what a word may become, so that they never differ from it.
// Thread: one.
// What holds: it is silent about whatever goes wrong, and a server that does not answer is not waited for.
#pragma once

#include <string>
#include <vector>

namespace eai::cli {

// `eai __complete <shell> <words behind eai>`: prints a line for each word that the last one may become, with what it
// means behind a tab (not for bash), and in the end ":none", ":files" or ":folders": what the shell is to offer besides.
// The exit status is 0.
int complete(const std::vector<std::string>& words);

}  // namespace eai::cli
