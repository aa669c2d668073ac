// Why: several commands ask a running server, or a seed, over its private socket, and read what it says of itself.
// Thread: one. Blocks until the answer is here.
#pragma once

#include <cstdint>
#include <string>

#include <boost/json.hpp>

#include "library/running.h"

namespace eai::cli {

// What GET /eai/status says; it has a list of models.
Result<boost::json::object> ask_status(const Folders& folders);

// Fields of an answer, in words; "-" if it does not have them.
std::string bytes_of_field(const boost::json::object& object, const char* name);    // "1.83 GB"
std::string time_since_field(const boost::json::object& object, const char* name);  // "12 s"

// As people call it; else the hash.
std::string name_of_model(const library::ServerRecord& record, const std::string& hash);

// What --json prints of a server: its record and what it says. Each model gets its name and hash.
boost::json::object json_of_status(const library::ServerRecord& record, const boost::json::object& told);

}  // namespace eai::cli
