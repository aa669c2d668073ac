// Why: every refusal looks as clients of the called API expect: an error object, or an event in a running stream.
// Thread: any; pure functions.
// Source: OpenAI API reference, "Error codes": {"error": {"message", "type", "param", "code"}}; Anthropic API
// reference, "Errors": {"type": "error", "error": {"type", "message"}, "request_id"}; OpenAI's Responses end with the event "error".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "http/server.h"
#include "util/result.h"

namespace eai::api {

enum class Style { openai, anthropic };

inline constexpr std::chrono::seconds k_retry_after{5};  // if nothing better is known

// What is wrong, and what a caller over HTTP can do about it, or can ask of whoever runs the server.
std::string words_of(const Error& error);

// The status comes from util/error_map.h; errors that may pass by waiting have Retry-After. `code` replaces the error's
// own, where clients look for a word of OpenAI's or Anthropic's.
http::Reply error_reply(const Error& error, Style style = Style::openai,
                        std::chrono::seconds retry_after = k_retry_after, std::string_view code = {});
// `type` and `code` are OpenAI's; Anthropic has a type for each status.
http::Reply error_reply(int status, std::string_view type, std::string_view message, std::string_view code,
                        Style style = Style::openai);

// Which API a request is made to, by its path, also if there is nothing at it, or by the header that every client of
// Anthropic's sends.
Style style_of(const http::Incoming& request);
// Tells the request's id in an error of Anthropic's form, which has a place for it. Other replies stay as they are.
void name_request(http::Reply& reply, std::string_view id);

// The last server-sent event of a stream that cannot go on, with its blank line. Translations have their own.
std::string error_event(const Error& error, Style style = Style::openai, std::string_view code = {});

// The reply for a refusal of the HTTP server itself (too large, malformed, too slow).
http::Reply refusal(const http::Incoming& head, int status, std::string_view why);

}  // namespace eai::api
