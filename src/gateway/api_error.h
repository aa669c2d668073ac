// Why: every refusal has the same face: an OpenAI error object, or an event of that kind in a running stream.
// Thread: any; pure functions.
// Source: OpenAI API reference, "Error codes": {"error": {"message", "type", "param", "code"}}.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "util/result.h"

namespace eai::gateway {

// The status by util/error_map.h; Retry-After for what can help by waiting.
http::Reply error_reply(const Error& error);
http::Reply error_reply(int status, std::string_view type, std::string_view message, std::string_view code);

// `data: {"error": …}` as a server-sent event, with its closing blank line.
std::string error_event(const Error& error);

// The reply for a refusal of the HTTP server itself (too large, malformed, too slow).
http::Reply refusal(int status, std::string_view why);

}  // namespace eai::gateway
