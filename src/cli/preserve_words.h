// Why: what people say of a model that gets a hash means the same to every command that gives it one.
// Thread: any.
#pragma once

#include "cli/config.h"
#include "preserve/preserve.h"

namespace eai::cli {

// Code::invalid: --ram is not a number of gigabytes.
Result<preserve::Said> said_of(const PreserveSettings& settings);
preserve::Options preserve_options(const PreserveSettings& settings);

// "." and ".." are called what the shell says, which is what the user sees: it remembers the link by which it came.
fs::path as_the_shell_says(const fs::path& typed);

}  // namespace eai::cli
