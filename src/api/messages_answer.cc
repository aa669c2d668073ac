#include "api/messages_answer.h"

#include <algorithm>

#include <boost/json.hpp>

#include "api/json_tree.h"
#include "api/messages_answer_parts.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::string_view k_engine_id = "chatcmpl-";

Failure not_an_answer() { return fail(Code::network, "the engine's answer is not what it should be"); }

Result<json::value> parse_answer(std::string_view text) {
  json::error_code error;
  json::value out = json::parse(text, error);
  if (error || !out.is_object()) return not_an_answer();
  return out;
}

// What a tool is called with is an object. A model may write something else, and the client must be able to see that.
json::object tool_input(std::string_view arguments) {
  json::parse_options options;
  options.max_depth = k_max_depth;
  json::error_code error;
  json::value parsed = json::parse(arguments, error, {}, options);
  if (!error && parsed.is_object()) return std::move(parsed.get_object());
  if (arguments.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  return {{"INVALID_JSON", arguments}};
}

void add_calls(json::array& content, const json::array& calls) {
  for (const json::value& call : calls) {
    const json::object* function = call.is_object() ? object_in(call.get_object(), "function") : nullptr;
    if (function == nullptr) continue;
    content.push_back(json::object{{"type", "tool_use"},
                                   {"id", text_in(call.get_object(), "id")},
                                   {"name", text_in(*function, "name")},
                                   {"input", tool_input(text_in(*function, "arguments"))}});
  }
}

// Engines repeat what an answer continues; Anthropic does not.
json::array content_of(const json::object& message, std::string_view prefill) {
  json::array content;
  if (const std::string_view thoughts = text_in(message, "reasoning_content"); !thoughts.empty())
    content.push_back(json::object{{"type", "thinking"}, {"thinking", thoughts}, {"signature", ""}});
  std::string_view text = text_in(message, "content");
  if (text.starts_with(prefill)) text.remove_prefix(prefill.size());
  if (!text.empty()) content.push_back(json::object{{"type", "text"}, {"text", text}});
  if (const json::array* calls = array_in(message, "tool_calls")) add_calls(content, *calls);
  return content;
}

}  // namespace

const json::object* object_in(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

const json::array* array_in(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(key);
  return value != nullptr ? value->if_array() : nullptr;
}

std::string_view text_in(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

std::int64_t count_in(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(key);
  json::error_code error;
  const auto count = value != nullptr && value->is_number() ? value->to_number<std::int64_t>(error) : 0;
  return error ? 0 : count;
}

std::string message_id(std::string_view engine_id) {
  if (engine_id.starts_with(k_engine_id)) engine_id.remove_prefix(k_engine_id.size());
  return "msg_" + std::string(engine_id);
}

json::object message_usage(std::int64_t prompt, std::int64_t cached, std::int64_t generated) {
  return {{"input_tokens", std::max<std::int64_t>(prompt - cached, 0)},
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", cached},
          {"output_tokens", generated}};
}

json::object message_usage(const json::object& chat_usage) {
  const json::object* details = object_in(chat_usage, "prompt_tokens_details");
  const std::int64_t cached = details != nullptr ? count_in(*details, "cached_tokens") : 0;
  return message_usage(count_in(chat_usage, "prompt_tokens"), cached, count_in(chat_usage, "completion_tokens"));
}

std::string stop_sequence_in(const json::object& chat, const StopSequences& stops) {
  const json::object* details = object_in(chat, "__verbose");
  if (details == nullptr) return {};
  // A model's template may have stop words of its own.
  const std::string_view word = text_in(*details, "stopping_word");
  return std::find(stops.begin(), stops.end(), word) != stops.end() ? std::string(word) : std::string();
}

std::string_view stop_reason_of(std::string_view finish_reason, std::string_view stop_sequence) {
  if (finish_reason == "length") return "max_tokens";
  if (finish_reason == "tool_calls") return "tool_use";
  if (finish_reason == "content_filter") return "refusal";
  return stop_sequence.empty() ? "end_turn" : "stop_sequence";
}

Result<std::string> message_of(std::string_view completion, const MessagesAsked& asked) {
  EAI_TRY(const json::value parsed, parse_answer(completion));
  const json::object& chat = parsed.get_object();
  const json::array* choices = array_in(chat, "choices");
  const json::object* choice = choices != nullptr && !choices->empty() ? choices->front().if_object() : nullptr;
  const json::object* message = choice != nullptr ? object_in(*choice, "message") : nullptr;
  if (message == nullptr) return not_an_answer();
  const json::object* usage = object_in(chat, "usage");
  const std::string stop = stop_sequence_in(chat, asked.stops);
  const std::string_view reason = stop_reason_of(text_in(*choice, "finish_reason"), stop);
  json::object out{{"id", message_id(text_in(chat, "id"))},
                   {"type", "message"},
                   {"role", "assistant"},
                   {"model", text_in(chat, "model")},
                   {"content", content_of(*message, asked.prefill)},
                   {"stop_reason", reason},
                   {"stop_sequence", nullptr},
                   {"usage", usage != nullptr ? message_usage(*usage) : message_usage(0, 0, 0)}};
  if (reason == "stop_sequence") out["stop_sequence"] = stop;
  return json::serialize(out);
}

Result<std::string> count_of(std::string_view engine_answer) {
  EAI_TRY(const json::value parsed, parse_answer(engine_answer));
  if (!parsed.get_object().contains("input_tokens")) return not_an_answer();
  return json::serialize(json::object{{"input_tokens", count_in(parsed.get_object(), "input_tokens")}});
}

}  // namespace eai::api
