// Why: the commands that need the running server ask it over its private socket: for one answer, or for a stream of
// events that lasts.
// Thread: one. The calls block.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "http/sse.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

struct OwnerCall {
  std::string_view method = "GET";
  std::string target;
  const boost::json::object* body = nullptr;  // null: there is none
};

// The answer, which is a JSON object. Code::not_found, busy and so on: the server's own error, with its hint;
// Code::timeout: no answer within 30 seconds.
Result<boost::json::object> call_owner(const fs::path& socket, const OwnerCall& call);

// Reads events until the stream ends, `on_event` fails, or a stop is asked for (Code::cancelled). Code::network: the
// server ended in the middle.
Result<void> follow_owner(const fs::path& socket, const OwnerCall& call,
                          const std::function<Result<void>(const http::SseEvent&)>& on_event,
                          const std::stop_token& stop);

}  // namespace eai::cli
