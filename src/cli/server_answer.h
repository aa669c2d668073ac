// Why: the commands that ask the running server over its private socket do it in one way: for a whole answer, or for one
// that comes piece by piece.
// Thread: any; the calls block their caller.
// What holds: when a stop is asked for, the connection closes, and so whoever works on the answer stops, too.
#pragma once

#include <chrono>
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

// A field's number, which may be negative; 0 if there is none.
std::int64_t signed_in(const boost::json::object& object, std::string_view name);

// A whole text that must be a JSON object.
Result<boost::json::object> object_of(const std::string& body);

struct ServerAsk {
  std::string_view method = "GET";
  std::string target;
  std::string body = {};
  std::string content_type = "application/json";
  std::chrono::milliseconds patience{10'000};  // of ask_server()
  std::string cut_off = {};                    // of stream_from_server(): what it means that it ended too early
};

// A whole answer, which is a JSON object. Code::timeout: there was none in time; Code::network: it is something else.
// What the server refuses comes back in its own words, with its code and its hint where it has them.
Result<boost::json::object> ask_server(const fs::path& socket, const ServerAsk& ask);
Result<boost::json::object> ask_server(const fs::path& socket, const std::string& target);  // GET

// Its error ends the answer, and comes back. It is called on the thread of the caller.
using TakeBytes = std::function<Result<void>(std::string_view)>;

// An answer with status 200, piece by piece; what comes back are its headers. Code::not_found: no server listens;
// Code::cancelled: a stop was asked for; Code::network: it was cut off; otherwise as ask_server().
Result<http::HeaderList> stream_from_server(const fs::path& socket, const ServerAsk& ask, const TakeBytes& take,
                                            const std::stop_token& stop);

}  // namespace eai::cli
