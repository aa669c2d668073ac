#include "api/engine_error.h"

#include <algorithm>

#include <boost/json.hpp>

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::string_view k_template_error = "Jinja Exception: ";

std::string text_at(const json::value& value, std::string_view key) {
  const json::object* object = value.if_object();
  const json::value* found = object != nullptr ? object->if_contains(key) : nullptr;
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

bool take_prefix(std::string& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.erase(0, prefix.size());
  return true;
}

// "Field 'stop': …" names the field.
std::string take_field(std::string& message) {
  if (!take_prefix(message, "Field '")) return {};
  const auto end = message.find("': ");
  if (end == std::string::npos) return {};
  std::string field = message.substr(0, end);
  message.erase(0, end + 3);
  return field;
}

// The JSON library's own heading: "[json.exception.type_error.302] ".
void take_heading(std::string& message) {
  if (message.starts_with("[json.exception.")) message.erase(0, message.find(' ') + 1);
}

// What a chat template says of the messages, without the lines of its source that the engine shows.
bool take_template_error(std::string& message) {
  const auto at = message.rfind("\nError: ");
  if (at == std::string::npos && message.find(k_template_error) == std::string::npos) return false;
  if (at != std::string::npos) message.erase(0, at + 8);
  if (const auto said = message.find(k_template_error); said != std::string::npos)
    message.erase(0, said + k_template_error.size());
  message = "the model's chat template does not allow these messages: " + message;
  return true;
}

Code code_of(int status, bool asked_wrongly) {
  if (status < 500 || status == 501) return Code::invalid;
  if (status == 503) return Code::busy;
  return asked_wrongly ? Code::invalid : Code::io;
}

}  // namespace

EngineError read_engine_error(int status, std::string_view body, bool asked_wrongly) {
  json::error_code failure;
  const json::value parsed = json::parse({body.data(), body.size()}, failure);
  const json::value* inside = parsed.is_object() ? parsed.get_object().if_contains("error") : nullptr;
  EngineError out;
  out.error.code = code_of(status, asked_wrongly);
  if (inside == nullptr) {
    out.error.message = "the engine refused the request";
    return out;
  }
  std::string message = text_at(*inside, "message");
  if (message.empty()) message = "the engine refused the request";
  if (text_at(*inside, "type") == "exceed_context_size_error") {
    out.code = "context_length_exceeded";
    out.error.about = "messages";
  }
  take_prefix(message, "got exception: ");
  out.error.about = out.error.about.empty() ? take_field(message) : out.error.about;
  take_heading(message);
  message.erase(std::min(message.find(" - hint:"), message.size()));  // for whoever runs the engine alone
  if (take_template_error(message)) out.error.about = "messages";
  if (status == 501) {
    const bool rank = message.find("reranking") != std::string::npos;
    message = rank ? "the model is not a reranker, so it cannot rank texts" : "the model cannot do this: " + message;
  } else if (const auto large = message.find(" is too large to process"); large != std::string::npos) {
    message = message.substr(0, large) + " is longer than the model takes at once";
  } else if (message.find("_M_range_check") != std::string::npos) {
    message = "a number in the request is beyond what the model knows";
  }
  out.error.message = std::move(message);
  return out;
}

EngineError read_stream_error(std::string_view event, bool asked_wrongly) {
  json::error_code failure;
  const json::value parsed = json::parse({event.data(), event.size()}, failure);
  const json::object* whole = failure ? nullptr : parsed.if_object();
  const json::value* inside = whole != nullptr ? whole->if_contains("error") : nullptr;
  const json::object* error = inside != nullptr ? inside->if_object() : nullptr;
  const json::value* code = error != nullptr ? error->if_contains("code") : nullptr;
  const std::int64_t* status = code != nullptr ? code->if_int64() : nullptr;
  const bool known = status != nullptr && *status >= 400 && *status < 600;
  return read_engine_error(known ? static_cast<int>(*status) : 500, event, asked_wrongly);
}

}  // namespace eai::api
