// Why: with --background a command hands its work to the server, starts one if none runs, and ends.
// Thread: one.
#pragma once

#include <vector>

#include <boost/json/object.hpp>

#include "cli/commands.h"

namespace eai::cli {

// One job for each request (job_kinds.h). The exit status; 130 if it was interrupted while the server started.
Result<int> in_background(Context& context, const std::vector<boost::json::object>& requests);

// Code::invalid: the two words that contradict each other.
Failure dry_run_in_background();

}  // namespace eai::cli
