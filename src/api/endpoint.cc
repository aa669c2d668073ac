#include "api/endpoint.h"

#include <algorithm>
#include <array>
#include <string>

namespace eai::api {
namespace {

using model::Task;

constexpr std::array k_chat = {Task::chat};
constexpr std::array k_embed = {Task::embed};
constexpr std::array k_text = {Task::chat, Task::embed};

constexpr std::array k_endpoints = {
    Endpoint{"/chat/completions", "/v1/chat/completions", k_chat, Needs::messages},
    Endpoint{"/completions", "/v1/completions", k_chat, Needs::prompt},
    Endpoint{"/embeddings", "/v1/embeddings", k_embed, Needs::input},
    Endpoint{"/responses", "/v1/responses", k_chat, Needs::input, Style::responses},
    Endpoint{"/messages", "/v1/messages", k_chat, Needs::messages, Style::anthropic},
    Endpoint{"/messages/count_tokens", "/v1/messages/count_tokens", k_chat, Needs::messages, Style::anthropic},
    Endpoint{"/rerank", "/v1/rerank", k_embed, Needs::nothing},
    Endpoint{"/tokenize", "/tokenize", k_text, Needs::nothing},
    Endpoint{"/detokenize", "/detokenize", k_text, Needs::nothing},
    Endpoint{"/apply-template", "/apply-template", k_chat, Needs::messages},
    Endpoint{"/infill", "/infill", k_chat, Needs::nothing},
};

Result<void> check_messages(const BodyFacts& facts) {
  if (facts.messages == Kind::absent) return fail(Code::invalid, "the field 'messages' is missing");
  if (facts.messages != Kind::array) return fail(Code::invalid, "the field 'messages' must be an array");
  if (facts.message_count == 0) return fail(Code::invalid, "the field 'messages' is empty");
  if (!facts.messages_are_objects) return fail(Code::invalid, "each of 'messages' must be an object");
  return {};
}

Result<void> check_present(std::string_view field, Kind kind) {
  if (kind != Kind::string && kind != Kind::array && kind != Kind::object) {
    std::string why = kind == Kind::absent ? "' is missing" : "' must be a string or an array";
    return fail(Code::invalid, "the field '" + std::string(field) + why);
  }
  return {};
}

}  // namespace

std::string_view without_version(std::string_view path) {
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  return path;
}

const Endpoint* find_endpoint(std::string_view path) {
  path = without_version(path);
  auto it = std::find_if(k_endpoints.begin(), k_endpoints.end(), [&](const Endpoint& e) { return e.path == path; });
  return it == k_endpoints.end() ? nullptr : &*it;
}

Result<void> check_body(const Endpoint& endpoint, const BodyFacts& facts) {
  if (facts.model_kind != Kind::absent && facts.model_kind != Kind::string && facts.model_kind != Kind::null) {
    return fail(Code::invalid, "the field 'model' must be a string");
  }
  if (facts.stream_kind != Kind::absent && facts.stream_kind != Kind::boolean && facts.stream_kind != Kind::null) {
    return fail(Code::invalid, "the field 'stream' must be true or false");
  }
  switch (endpoint.needs) {
    case Needs::nothing:
      return {};
    case Needs::messages:
      return check_messages(facts);
    case Needs::prompt:
      return check_present("prompt", facts.prompt);
    case Needs::input:
      EAI_CHECK(check_present("input", facts.input));
      if (facts.input_is_empty) return fail(Code::invalid, "the field 'input' is empty");
      return {};
  }
  return {};
}

}  // namespace eai::api
