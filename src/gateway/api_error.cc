#include "gateway/api_error.h"

#include <boost/json.hpp>

#include "util/error_map.h"
#include "util/text.h"

namespace eai::gateway {
namespace {

namespace json = boost::json;

constexpr std::string_view k_retry_after = "5";  // seconds
constexpr std::size_t k_message_limit = 4000;    // bytes

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

}  // namespace

http::Reply error_reply(int status, std::string_view type, std::string_view message, std::string_view code) {
  http::Reply reply{status, {{"content-type", "application/json"}}, error_json(type, message, code)};
  if (status == 429 || status == 503 || status == 504) reply.headers.emplace_back("retry-after", k_retry_after);
  return reply;
}

http::Reply error_reply(const Error& error, Style style) {
  ErrorFace face = face_of(error.code);
  http::Reply reply = error_reply(face.http_status, face.openai_type, error.message, name_of(error.code));
  if (style == Style::anthropic) reply.body = anthropic_json(face, error.message);
  return reply;
}

std::string error_event(const Error& error, Style style) {
  ErrorFace face = face_of(error.code);
  switch (style) {
    case Style::openai:
      break;
    case Style::anthropic:
      return "event: error\ndata: " + anthropic_json(face, error.message) + "\n\n";
    case Style::responses: {
      json::object event{{"type", "error"},
                         {"code", name_of(error.code)},
                         {"message", printable(error.message, k_message_limit)},
                         {"param", nullptr}};
      return "event: error\ndata: " + json::serialize(event) + "\n\n";
    }
  }
  return "data: " + error_json(face.openai_type, error.message, name_of(error.code)) + "\n\n";
}

std::string error_event(std::string_view engine_body, Style style) {
  json::error_code failure;
  json::value parsed = json::parse(engine_body, failure);
  json::object* whole = failure ? nullptr : parsed.if_object();
  json::object* error = nullptr;
  if (whole != nullptr && whole->contains("error")) error = whole->at("error").if_object();
  if (error == nullptr) return error_event(Error{Code::network, "the engine refused the request"}, style);
  if (style == Style::openai) return "data: " + json::serialize(parsed) + "\n\n";
  json::string* message = error->contains("message") ? error->at("message").if_string() : nullptr;
  std::string why = message != nullptr ? std::string(*message) : "the engine refused the request";
  return error_event(Error{Code::invalid, std::move(why)}, style);
}

http::Reply refusal(int status, std::string_view why) {
  return error_reply(status, status >= 500 ? "server_error" : "invalid_request_error", why, "refused");
}

}  // namespace eai::gateway
