#include "api/api_error.h"

#include <boost/json.hpp>

#include "http/sse.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_message_limit = 4000;  // bytes

// What a caller over HTTP can do, or can ask of whoever runs the server.
std::string words_of(const Error& error) {
  return error.hint == Hint::shorter_context ? error.message + "; a smaller context_length needs less" : error.message;
}

std::string error_json(std::string_view type, std::string_view message, std::string_view code) {
  json::object error{
      {"message", printable(message, k_message_limit)}, {"type", type}, {"param", nullptr}, {"code", code}};
  return json::serialize(json::object{{"error", std::move(error)}});
}

std::string anthropic_json(const ErrorFace& face, std::string_view message) {
  std::string_view type = face.http_status >= 500 && face.http_status != 503 ? "api_error" : face.openai_type;
  json::object error{{"type", type}, {"message", printable(message, k_message_limit)}};
  return json::serialize(json::object{{"type", "error"}, {"error", std::move(error)}});
}

http::Reply reply_of(int status, std::string body, std::chrono::seconds retry_after) {
  http::Reply reply{status, {{"content-type", "application/json"}}, std::move(body)};
  if (status == 429 || status == 503 || status == 504)
    reply.headers.emplace_back("retry-after", std::to_string(retry_after.count()));
  return reply;
}

}  // namespace

http::Reply error_reply(int status, std::string_view type, std::string_view message, std::string_view code) {
  return reply_of(status, error_json(type, message, code), k_retry_after);
}

http::Reply error_reply(const Error& error, Style style, std::chrono::seconds retry_after) {
  const ErrorFace face = face_of(error.code);
  return reply_of(face.http_status,
                  style == Style::anthropic ? anthropic_json(face, words_of(error))
                                            : error_json(face.openai_type, words_of(error), name_of(error.code)),
                  retry_after);
}

std::string error_event(const Error& error, Style style) {
  ErrorFace face = face_of(error.code);
  switch (style) {
    case Style::openai:
      break;
    case Style::anthropic:
      return http::sse_event({.data = anthropic_json(face, words_of(error)), .event = "error"});
    case Style::responses: {
      json::object event{{"type", "error"},
                         {"code", name_of(error.code)},
                         {"message", printable(words_of(error), k_message_limit)},
                         {"param", nullptr}};
      return http::sse_event({.data = json::serialize(event), .event = "error"});
    }
  }
  return http::sse_event({error_json(face.openai_type, words_of(error), name_of(error.code))});
}

namespace {

// The message in an engine's error object; empty if it is none.
std::string message_of(const json::value& engine_answer) {
  const json::object* whole = engine_answer.if_object();
  const json::value* error = whole != nullptr ? whole->if_contains("error") : nullptr;
  if (error == nullptr || !error->is_object()) return {};
  const json::value* message = error->get_object().if_contains("message");
  const bool said = message != nullptr && message->is_string();
  return said ? std::string(message->get_string()) : "the engine refused the request";
}

}  // namespace

std::string error_event(std::string_view engine_body, Style style) {
  json::error_code failure;
  const json::value parsed = json::parse(engine_body, failure);
  std::string why = message_of(parsed);
  if (why.empty()) return error_event(Error{Code::network, "the engine refused the request"}, style);
  if (style == Style::openai) return http::sse_event({json::serialize(parsed)});
  return error_event(Error{Code::invalid, std::move(why)}, style);
}

std::optional<Error> fault_of_request(int engine_status, std::string_view engine_body) {
  if (engine_status != 500 && engine_status != 501) return std::nullopt;
  json::error_code failure;
  const std::string why = message_of(json::parse(engine_body, failure));
  if (engine_status == 501) {
    const bool rank = why.find("reranking") != std::string::npos;
    return Error{Code::invalid,
                 rank ? "the model is not a reranker, so it cannot rank texts" : "the model cannot do this: " + why};
  }
  const auto large = why.find(" is too large to process");
  if (large == std::string::npos) return std::nullopt;
  return Error{Code::invalid, why.substr(0, large) + " is longer than the model takes at once"};
}

http::Reply refusal(int status, std::string_view why) {
  return error_reply(status, status >= 500 ? "server_error" : "invalid_request_error", why, "refused");
}

}  // namespace eai::api
