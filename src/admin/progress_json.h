// Why: the progress of a job crosses a socket, and is the same value on both of its sides.
// Thread: any; pure functions.
#pragma once

#include <boost/json/object.hpp>

#include "library/job.h"

namespace eai::admin {

boost::json::object to_json(const library::Progress& progress);
// What a newer version adds is passed over, and what is missing is empty. Code::invalid: it is no progress at all.
Result<library::Progress> read_progress(const boost::json::object& from);

boost::json::object to_json(const library::Note& note);
library::Note read_note(const boost::json::object& from);

}  // namespace eai::admin
