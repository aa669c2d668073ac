// Why: what came of a job is told in the same words and the same event, whether a command waited for it or the server
// worked on it in the background.
// Thread: one.
#pragma once

#include <string_view>

#include <boost/json/object.hpp>

#include "cli/follow.h"
#include "library/check.h"
#include "library/repair.h"
#include "library/resolve.h"

namespace eai::cli {

inline constexpr std::string_view k_download = "download", k_check = "check", k_repair = "repair",
                                  k_preserve = "preserve";

// The last event of a job, as --json prints it.
boost::json::object result_of(const library::Asked& asked, const store::Model& model, bool was_here);
boost::json::object result_of(const library::Asked& asked, const library::Checked& checked);
boost::json::object result_of(const library::Asked& asked, const library::Repaired& repaired);

// Prints it, for people or for programs. The exit status: a check may have found damage.
int tell_result(std::string_view kind, const boost::json::object& result, Output& out);

// How jobs of this kind look while they work.
Look look_of(std::string_view kind);

}  // namespace eai::cli
