// Why: the commands that ask the running server over its private socket read its answers in the same way.
// Thread: any; ask_server() and post_to_server() block their caller.
// What holds: when a stop is asked for, the connection closes, and so whoever works on the answer stops, too.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "http/message.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

// A field's text; empty if there is none, or if it is something else.
std::string text_at(const boost::json::object& object, std::string_view name);
// A field's number; 0 likewise.
std::int64_t number_at(const boost::json::object& object, std::string_view name);

// What an answer with another status than 200 says, in the server's words.
Error refusal_of(int status, const std::string& body);

// A whole text that must be a JSON object.
Result<boost::json::object> object_of(const std::string& body);

// The answer to a GET, which is a JSON object.
Result<boost::json::object> ask_server(const fs::path& socket, std::string_view target);

struct ServerPost {
  std::string target, body = {};
  std::string content_type = "application/json";
  std::string cut_off = {};  // what it means that the connection ended too early
};
// Its error ends the answer, and comes back. It is called on the thread of the caller.
using TakeBytes = std::function<Result<void>(std::string_view)>;

// An answer with status 200, piece by piece; what comes back are its headers. Code::not_found: no server listens;
// Code::cancelled: a stop was asked for; Code::network: it was cut off; otherwise as refusal_of().
Result<http::HeaderList> post_to_server(const fs::path& socket, const ServerPost& post, const TakeBytes& take,
                                        const std::stop_token& stop);

}  // namespace eai::cli
