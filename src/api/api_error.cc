#include "api/api_error.h"

#include <boost/json.hpp>

#include "http/sse.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_message_limit = 4000;  // bytes
constexpr std::string_view k_anthropics_error = R"({"type":"error")";

std::string error_json(std::string_view type, std::string_view message, std::string_view code,
                       std::string_view param = {}) {
  json::object error{{"message", printable(message, k_message_limit)}, {"type", type}, {"param", nullptr}};
  if (!param.empty()) error["param"] = printable(param);
  error["code"] = code;
  return json::serialize(json::object{{"error", std::move(error)}});
}

std::string error_json(const Error& error, std::string_view code) {
  return error_json(face_of(error.code).openai_type, words_of(error), code.empty() ? name_of(error.code) : code,
                    error.about);
}

std::string_view anthropic_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    case 504:
      return "timeout_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

std::string anthropic_json(int status, std::string_view message, std::string_view code = {}) {
  json::object error{{"type", anthropic_type(status)}, {"message", printable(message, k_message_limit)}};
  if (!code.empty()) error["details"] = json::object{{"error_code", code}};
  return json::serialize(json::object{{"type", "error"}, {"error", std::move(error)}});
}

http::Reply reply_of(int status, std::string body, std::chrono::seconds retry_after) {
  http::Reply reply{status, {{"content-type", "application/json"}}, std::move(body)};
  if (status == 429 || status == 503 || status == 504)
    reply.headers.emplace_back("retry-after", std::to_string(retry_after.count()));
  return reply;
}

}  // namespace

std::string words_of(const Error& error) {
  if (error.hint == Hint::shorter_context) return error.message + "; a smaller context_length needs less";
  if (error.hint == Hint::repair_model) return error.message + "; the server's owner can repair the model";
  return error.message;
}

http::Reply error_reply(int status, std::string_view type, std::string_view message, std::string_view code,
                        Style style) {
  return reply_of(status, style == Style::anthropic ? anthropic_json(status, message) : error_json(type, message, code),
                  k_retry_after);
}

http::Reply error_reply(const Error& error, Style style, std::chrono::seconds retry_after, std::string_view code) {
  const ErrorFace face = face_of(error.code);
  return reply_of(
      face.http_status,
      style == Style::anthropic ? anthropic_json(face.http_status, words_of(error), code) : error_json(error, code),
      retry_after);
}

std::string error_event(const Error& error, Style style, std::string_view code) {
  if (style == Style::openai) return http::sse_event({error_json(error, code)});
  return http::sse_event({.data = anthropic_json(face_of(error.code).http_status, words_of(error)), .event = "error"});
}

Style style_of(const http::Incoming& request) {
  std::string_view path = request.path();
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  const bool anthropics = path == "/messages" || path.starts_with("/messages/");
  return anthropics || !request.header("anthropic-version").empty() ? Style::anthropic : Style::openai;
}

void name_request(http::Reply& reply, std::string_view id) {
  if (reply.status < 400 || !reply.body.starts_with(k_anthropics_error)) return;
  reply.body.pop_back();
  reply.body += ",\"request_id\":\"" + std::string(id) + "\"}";
}

http::Reply refusal(const http::Incoming& head, int status, std::string_view why) {
  const std::string_view type = status >= 500 ? "server_error" : "invalid_request_error";
  return error_reply(status, type, why, "refused", style_of(head));
}

}  // namespace eai::api
