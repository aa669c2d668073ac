// Why: with --background a command hands its work to the server, starts one if none runs, and ends.
// Thread: one.
#pragma once

#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "library/resolve.h"

namespace eai::cli {

// One job for each model. The exit status; 130 if it was interrupted while the server started.
Result<int> in_background(Context& context, std::string_view kind, const std::vector<library::Asked>& asked);

}  // namespace eai::cli
