// Why: the commands that ask the running server over its private socket read its answers in the same way.
// Thread: any; ask_server() blocks its caller.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

// A field's text; empty if there is none, or if it is something else.
std::string text_at(const boost::json::object& object, std::string_view name);
// A field's number; 0 likewise.
std::int64_t number_at(const boost::json::object& object, std::string_view name);

// What an answer with another status than 200 says, in the server's words.
Error refusal_of(int status, const std::string& body);

// The answer to a GET, which is a JSON object.
Result<boost::json::object> ask_server(const fs::path& socket, std::string_view target);

}  // namespace eai::cli
