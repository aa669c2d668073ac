#include "api/endpoint.h"

#include <array>
#include <string>

namespace eai::api {
namespace {

using model::Task;

constexpr std::array k_chat = {Task::chat};
constexpr std::array k_embed = {Task::embed};
constexpr std::array k_text = {Task::chat, Task::embed};

constexpr std::string_view k_maybe_streamed = "application/json, text/event-stream";

constexpr std::array k_endpoints = {
    Endpoint{"/v1/chat/completions", "Continues a conversation.", k_chat, Needs::messages, Style::openai,
             k_maybe_streamed},
    Endpoint{"/v1/completions", "Continues a text.", k_chat, Needs::prompt, Style::openai, k_maybe_streamed},
    Endpoint{"/v1/embeddings", "Turns texts into vectors.", k_embed, Needs::input},
    Endpoint{"/v1/responses", "Continues a conversation, in the form of OpenAI's Responses API.", k_chat, Needs::input,
             Style::responses, k_maybe_streamed},
    Endpoint{"/v1/messages", "Continues a conversation, in the form of Anthropic's Messages API.", k_chat,
             Needs::messages, Style::anthropic, k_maybe_streamed},
    Endpoint{"/v1/messages/count_tokens", "Counts the tokens of a conversation.", k_chat, Needs::messages,
             Style::anthropic},
    Endpoint{"/v1/rerank", "Orders texts by how well they fit a query.", k_embed},
    Endpoint{"/tokenize", "Turns a text into the model's tokens.", k_text},
    Endpoint{"/detokenize", "Turns tokens back into text.", k_text},
    Endpoint{"/apply-template", "Shows a conversation as the model sees it.", k_chat, Needs::messages},
    Endpoint{"/infill", "Fills a gap in a text.", k_chat, Needs::nothing, Style::openai, k_maybe_streamed},
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

std::span<const Endpoint> endpoints() { return k_endpoints; }

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
