// Why: what people say of a model that gets a hash means the same to every command that gives it one, and what came of it
// is told in the same words, whether a command or the server in the background did the work.
// Thread: any.
#pragma once

#include <boost/json/object.hpp>

#include "cli/config.h"
#include "cli/output.h"
#include "library/preserve.h"

namespace eai::cli {

// Code::invalid: --ram is not a number of gigabytes.
Result<preserve::Said> said_of(const PreserveSettings& settings);
preserve::Options preserve_options(const PreserveSettings& settings);

// `copies_in`: where a copy of the metadata is left. Code::invalid: a setting, or a key in the environment, is of no use.
Result<library::PreserveRequest> preserve_request(const Config& config, const fs::path& folder,
                                                  const fs::path& copies_in, const Environment& environment);

// The last event of the work, as --json prints it.
boost::json::object result_of(const library::Preserved& preserved, const library::PreserveRequest& request);
// Prints it; the hash is the last line.
void tell_preserved(const boost::json::object& result, Output& out);
// What did not go well. The exit status: of the first home that failed.
int tell_failures(const boost::json::object& result, Output& out);

// "." and ".." are called what the shell says, which is what the user sees: it remembers the link by which it came.
fs::path as_the_shell_says(const fs::path& typed);

}  // namespace eai::cli
