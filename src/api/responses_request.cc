#include "api/responses_request.h"

#include "api/json_read.h"
#include "api/random_name.h"
#include "api/responses_input.h"
#include "api/responses_items.h"
#include "api/responses_options.h"

namespace eai::api {
namespace {

namespace json = boost::json;

// A copy that needs nothing of the request's memory.
json::value copy_of(const json::value& value) { return json::value(value, json::storage_ptr()); }

json::value repeated(const json::object& body, std::string_view name, json::value otherwise = nullptr) {
  const json::value* given = member(body, name);
  return given == nullptr ? std::move(otherwise) : copy_of(*given);
}

json::object flat_tool(const json::object& tool) {
  const json::object* nested = object_in(tool, "function");
  const json::object& from = nested == nullptr ? tool : *nested;
  json::object out{{"type", "function"}};
  for (const std::string_view key : {"name", "description", "parameters", "strict"}) out[key] = repeated(from, key);
  return out;
}

json::array repeated_tools(const json::object& body) {
  json::array out;
  const json::value* given = member(body, "tools");
  if (given == nullptr || !given->is_array()) return out;
  for (const json::value& tool : given->get_array()) {
    if (!tool.is_object()) continue;
    const std::string_view type = text_in(tool.get_object(), "type");
    if (type.empty() || type == "function") out.push_back(flat_tool(tool.get_object()));
  }
  return out;
}

json::object repeated_text(const json::object& body) {
  json::object out;
  if (const json::object* given = object_in(body, "text")) {
    const json::value* format = member(*given, "format");
    if (format != nullptr) out["format"] = copy_of(*format);
  }
  if (out.empty()) out["format"] = json::object{{"type", "text"}};
  return out;
}

json::object repeated_reasoning(const json::object& body) {
  const json::object* given = object_in(body, "reasoning");
  json::object out;
  out["effort"] = given == nullptr ? json::value(nullptr) : repeated(*given, "effort");
  out["summary"] = nullptr;
  return out;
}

void move_member(json::object& body, std::string_view from, std::string_view to) {
  json::value* value = body.if_contains(from);
  if (value == nullptr) return;
  json::value moved = std::move(*value);
  body.erase(from);
  body[to] = std::move(moved);
}

}  // namespace

json::object empty_response(const json::object& body) {
  json::object out{{"id", "resp_" + random_name()}, {"object", "response"}};
  for (const std::string_view key : {"created_at", "status", "completed_at", "error", "incomplete_details"})
    out[key] = nullptr;
  out["background"] = false;
  out["instructions"] = repeated(body, "instructions");
  out["max_output_tokens"] = repeated(body, "max_output_tokens");
  out["max_tool_calls"] = nullptr;
  out["model"] = repeated(body, "model", "");
  out["output"] = json::array();
  out["parallel_tool_calls"] = repeated(body, "parallel_tool_calls", true);
  out["previous_response_id"] = repeated(body, "previous_response_id");
  out["prompt_cache_key"] = nullptr;
  out["reasoning"] = repeated_reasoning(body);
  out["safety_identifier"] = nullptr;
  out["service_tier"] = "default";
  out["store"] = repeated(body, "store", true);
  out["temperature"] = repeated(body, "temperature");
  out["text"] = repeated_text(body);
  out["tool_choice"] = repeated(body, "tool_choice", "auto");
  out["tools"] = repeated_tools(body);
  out["top_logprobs"] = repeated(body, "top_logprobs", 0);
  out["top_p"] = repeated(body, "top_p");
  out["truncation"] = "disabled";
  out["usage"] = nullptr;
  out["user"] = nullptr;
  out["metadata"] = repeated(body, "metadata", json::object());
  return out;
}

Result<void> response_to_chat(json::object& body, Memory& memory, Ignored& ignored, Origins& origins) {
  if (const json::value* background = member(body, "background"); background != nullptr && *background == true) {
    return fail_about("background", Code::invalid,
                      "the field 'background' cannot be true: an answer is made while its request waits");
  }
  origins.note("messages", "input");
  ItemMessages messages(body.storage(), ignored, origins);
  messages.add_system(text_in(body, "instructions"));
  EAI_CHECK(add_input(body, memory, messages, ignored));
  EAI_CHECK(to_chat_tools(body, ignored, origins));
  EAI_CHECK(to_chat_format(body, ignored, origins));
  EAI_CHECK(to_chat_reasoning(body, ignored));
  EAI_CHECK(to_chat_logprobs(body, ignored));
  if (text_in(body, "truncation") == "auto") ignored.emplace_back("truncation");
  move_member(body, "max_output_tokens", "max_tokens");
  for (const std::string_view name :
       {"background", "input", "instructions", "metadata", "previous_response_id", "store", "truncation"})
    body.erase(name);
  body["messages"] = messages.take();
  const json::value* stream = member(body, "stream");
  if (stream != nullptr && *stream == true) body["stream_options"] = json::object{{"include_usage", true}};
  return {};
}

}  // namespace eai::api
