#include "gateway/api_error.h"

#include <boost/json.hpp>

#include "util/error_map.h"
#include "util/text.h"

namespace eai::gateway {
namespace {

namespace json = boost::json;

constexpr std::string_view k_retry_after = "5";  // seconds

std::string error_json(std::string_view type, std::string_view message, std::string_view code) {
  json::object error{{"message", printable(message, 4000)}, {"type", type}, {"param", nullptr}, {"code", code}};
  return json::serialize(json::object{{"error", std::move(error)}});
}

}  // namespace

http::Reply error_reply(int status, std::string_view type, std::string_view message, std::string_view code) {
  http::Reply reply{status, {{"content-type", "application/json"}}, error_json(type, message, code)};
  if (status == 429 || status == 503) reply.headers.emplace_back("retry-after", k_retry_after);
  return reply;
}

http::Reply error_reply(const Error& error) {
  ErrorFace face = face_of(error.code);
  return error_reply(face.http_status, face.openai_type, error.message, name_of(error.code));
}

std::string error_event(const Error& error) {
  return "data: " + error_json(face_of(error.code).openai_type, error.message, name_of(error.code)) + "\n\n";
}

http::Reply refusal(int status, std::string_view why) {
  return error_reply(status, status >= 500 ? "server_error" : "invalid_request_error", why, "refused");
}

}  // namespace eai::gateway
