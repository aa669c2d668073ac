// Why: every refusal looks as clients of the called API expect: an error object, or an event in a running stream.
// Thread: any; pure functions.
// Source: OpenAI API reference, "Error codes": {"error": {"message", "type", "param", "code"}}; Anthropic API
// reference, "Errors": {"type": "error", "error": {"type", "message"}}; OpenAI's Responses end with the event "error".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "util/result.h"

namespace eai::api {

enum class Style { openai, responses, anthropic };

inline constexpr std::chrono::seconds k_retry_after{5};  // if nothing better is known

// The status comes from util/error_map.h; errors that may pass by waiting have Retry-After.
http::Reply error_reply(const Error& error, Style style = Style::openai,
                        std::chrono::seconds retry_after = k_retry_after);
http::Reply error_reply(int status, std::string_view type, std::string_view message, std::string_view code);

// The last server-sent event of a stream that cannot go on, with its blank line.
std::string error_event(const Error& error, Style style = Style::openai);
// The same for an engine's own error object, which may be anything.
std::string error_event(std::string_view engine_body, Style style);

// An engine calls some faults of a request its own (500, 501), as if asking again could help. This is the truth for the
// client; nothing if the engine really is at fault, or says it correctly itself.
std::optional<Error> fault_of_request(int engine_status, std::string_view engine_body);

// The reply for a refusal of the HTTP server itself (too large, malformed, too slow).
http::Reply refusal(int status, std::string_view why);

}  // namespace eai::api
