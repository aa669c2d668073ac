#include "api/messages_request.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <boost/json.hpp>

#include "api/json_read.h"
#include "api/messages_content.h"

namespace eai::api {
namespace {

namespace json = boost::json;

using Names = std::vector<std::string>;

Result<void> convert_messages(json::object& body, Ignored& ignored, Origins& origins) {
  json::value* messages = body.if_contains("messages");
  if (messages == nullptr) return fail_about("messages", Code::invalid, "the field 'messages' is missing");
  const json::array* list = messages->if_array();
  if (list == nullptr) return bad_field("messages", "a list");
  if (list->empty()) return fail_about("messages", Code::invalid, "the field 'messages' is empty");
  Conversation conversation(body.storage(), ignored, origins);
  if (const json::value* system = body.if_contains("system")) EAI_CHECK(conversation.add_system(*system, "system"));
  for (std::size_t i = 0; i < list->size(); ++i)
    EAI_CHECK(conversation.add_message((*list)[i], path_at("messages", i)));
  EAI_TRY(json::array chat, conversation.take());
  if (chat.empty()) return bad_field("messages", "a conversation; all of its blocks are Anthropic's own");
  *messages = std::move(chat);
  body.erase("system");
  return {};
}

// The types of Anthropic's own tools end in the day of their version: "bash_20250124".
bool is_anthropics(std::string_view type) {
  constexpr std::size_t k_day = 8;
  if (type == "mcp_toolset") return true;
  if (type.size() <= k_day || type[type.size() - k_day - 1] != '_') return false;
  const std::string_view day = type.substr(type.size() - k_day);
  return std::all_of(day.begin(), day.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A tool as a chat has it; null for one of Anthropic's own.
Result<json::value> chat_tool(const json::value& tool, const std::string& path, Ignored& ignored) {
  const json::object* object = tool.if_object();
  if (object == nullptr) return bad_field(path, "an object");
  if (object->contains("type")) {
    EAI_TRY(const std::string_view type, text_member(*object, "type", path));
    if (is_anthropics(type)) {
      note_once(ignored, path);
      return json::value(nullptr);
    }
    if (type != "custom") return bad_field(path + ".type", "\"custom\", with 'name' and 'input_schema' beside it");
  }
  EAI_TRY(const std::string_view name, text_member(*object, "name", path));
  const json::value* schema = object->if_contains("input_schema");
  if (schema == nullptr || !schema->is_object()) return bad_field(path + ".input_schema", "an object, a JSON schema");
  json::object function(tool.storage());
  function["name"] = name;
  if (object->contains("description")) {
    EAI_TRY(function["description"], text_member(*object, "description", path));
  }
  function["parameters"] = *schema;
  if (const json::value* strict = object->if_contains("strict")) {
    if (!strict->is_bool()) return bad_field(path + ".strict", "true or false");
    function["strict"] = *strict;
  }
  json::object out(tool.storage());
  out["type"] = "function";
  out["function"] = std::move(function);
  return json::value(std::move(out));
}

// The names of the tools that a model is told of.
Result<Names> convert_tools(json::object& body, Ignored& ignored, Origins& origins) {
  json::value* tools = body.if_contains("tools");
  Names names;
  if (tools == nullptr) return names;
  const json::array* list = tools->if_array();
  if (list == nullptr) return bad_field("tools", "a list");
  json::array out(body.storage());
  for (std::size_t i = 0; i < list->size(); ++i) {
    EAI_TRY(json::value tool, chat_tool((*list)[i], path_at("tools", i), ignored));
    if (tool.is_null()) continue;
    const std::string function = path_at("tools", out.size()) + ".function", path = path_at("tools", i);
    origins.note(function, path);
    origins.note(function + ".parameters", path + ".input_schema");
    names.emplace_back(tool.at("function").at("name").get_string());
    out.emplace_back(std::move(tool));
  }
  if (out.empty()) {
    body.erase("tools");
  } else {
    *tools = std::move(out);
  }
  return names;
}

Result<void> convert_tool_choice(json::object& body, const Names& tools) {
  const json::value* given = body.if_contains("tool_choice");
  if (given == nullptr) return {};
  const json::object* choice = given->if_object();
  if (choice == nullptr) return bad_field("tool_choice", "an object");
  EAI_TRY(const std::string_view type, text_member(*choice, "type", "tool_choice"));
  json::value chosen(body.storage());
  if (type == "auto" || type == "none") {
    chosen = type;
  } else if (type == "any") {
    chosen = "required";
  } else if (type == "tool") {
    EAI_TRY(const std::string_view name, text_member(*choice, "name", "tool_choice"));
    if (std::find(tools.begin(), tools.end(), name) == tools.end())
      return bad_field("tool_choice.name", "the name of one of 'tools' that this server can offer to a model");
    chosen = json::object{{"type", "function"}, {"function", json::object{{"name", name}}}};
  } else {
    return bad_field("tool_choice.type", "\"auto\", \"any\", \"tool\" or \"none\"");
  }
  if (type == "any" && tools.empty())
    return bad_field("tool_choice", "used together with 'tools', of which a model must be able to call one");
  const json::value* alone = choice->if_contains("disable_parallel_tool_use");
  if (alone != nullptr && !alone->is_bool()) return bad_field("tool_choice.disable_parallel_tool_use", "true or false");
  if (alone != nullptr && alone->get_bool() && !tools.empty()) body["parallel_tool_calls"] = false;
  if (tools.empty()) {
    body.erase("tool_choice");
  } else {
    body["tool_choice"] = std::move(chosen);
  }
  return {};
}

// What the client says itself about thinking stands.
void allow_thinking(json::object& body, bool allowed) {
  json::value& kwargs = body["chat_template_kwargs"];
  if (!kwargs.is_object()) kwargs.emplace_object();
  kwargs.get_object().emplace("enable_thinking", allowed);
}

Result<std::int64_t> budget_of(const json::value& given) {
  constexpr double k_most = std::numeric_limits<std::int32_t>::max();  // engines count in 32 bits
  const double budget = given.is_number() ? given.to_number<double>() : 0;
  if (!(budget >= 1) || std::floor(budget) != budget)
    return bad_field("thinking.budget_tokens", "a whole number of at least 1");
  return static_cast<std::int64_t>(std::min(budget, k_most));
}

Result<void> convert_thinking(json::object& body, Ignored& ignored) {
  const json::value* given = body.if_contains("thinking");
  if (given == nullptr) return {};
  const json::object* thinking = given->if_object();
  if (thinking == nullptr) return bad_field("thinking", "an object");
  EAI_TRY(const std::string_view type, text_member(*thinking, "type", "thinking"));
  if (type != "enabled" && type != "disabled" && type != "adaptive" && type != "between_tools")
    return bad_field("thinking.type", "\"enabled\", \"disabled\" or \"adaptive\"");
  if (type == "between_tools") note_once(ignored, "thinking");
  const json::value* display = thinking->if_contains("display");
  if (display != nullptr && *display == "omitted") note_once(ignored, "thinking.display");
  const json::value* budget = thinking->if_contains("budget_tokens");
  std::int64_t tokens = 0;
  if (type == "enabled" && budget != nullptr) {
    EAI_TRY(tokens, budget_of(*budget));
  }
  const bool enabled = type == "enabled";
  const bool told = enabled || type == "disabled";  // otherwise the model decides
  body.erase("thinking");
  if (tokens > 0) body["thinking_budget_tokens"] = tokens;
  if (told) allow_thinking(body, enabled);
  return {};
}

Result<void> convert_format(json::object& body, const json::value& given, const std::string& path, Origins& origins) {
  const json::object* format = given.if_object();
  if (format == nullptr) return bad_field(path, "an object");
  EAI_TRY(const std::string_view type, text_member(*format, "type", path));
  if (type != "json_schema") return bad_field(path + ".type", "\"json_schema\"");
  const json::value* schema = format->if_contains("schema");
  if (schema == nullptr || !schema->is_object()) return bad_field(path + ".schema", "an object, a JSON schema");
  json::object named({{"name", "output"}, {"strict", true}, {"schema", *schema}}, body.storage());
  json::object out(body.storage());
  out["type"] = "json_schema";
  out["json_schema"] = std::move(named);
  body["response_format"] = std::move(out);
  origins.note("response_format.json_schema", path);
  return {};
}

// Templates know no more than three efforts.
Result<void> convert_effort(json::object& body, const json::object& config) {
  if (!config.contains("effort")) return {};
  EAI_TRY(const std::string_view effort, text_member(config, "effort", "output_config"));
  if (effort == "xhigh" || effort == "max") {
    body["reasoning_effort"] = "high";
  } else if (effort == "low" || effort == "medium" || effort == "high") {
    body["reasoning_effort"] = effort;
  } else {
    return bad_field("output_config.effort", "\"low\", \"medium\", \"high\", \"xhigh\" or \"max\"");
  }
  return {};
}

Result<void> convert_output(json::object& body, Ignored& ignored, Origins& origins) {
  json::value config(body.storage());
  json::value format(body.storage());
  if (json::value* given = body.if_contains("output_config")) config = std::move(*given);
  if (json::value* given = body.if_contains("output_format")) format = std::move(*given);  // its name while it was new
  body.erase("output_config");
  body.erase("output_format");
  if (!format.is_null()) EAI_CHECK(convert_format(body, format, "output_format", origins));
  if (config.is_null()) return {};
  const json::object* object = config.if_object();
  if (object == nullptr) return bad_field("output_config", "an object");
  for (const auto& [key, value] : *object) {
    if (key != "format" && key != "effort") note_once(ignored, "output_config." + std::string(key));
  }
  if (const json::value* inner = object->if_contains("format"))
    EAI_CHECK(convert_format(body, *inner, "output_config.format", origins));
  return convert_effort(body, *object);
}

Result<StopSequences> convert_stops(json::object& body, Origins& origins) {
  StopSequences stops;
  json::value* given = body.if_contains("stop_sequences");
  if (given == nullptr) return stops;
  const json::array* list = given->if_array();
  if (list == nullptr) return bad_field("stop_sequences", "a list of strings");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json::string* stop = (*list)[i].if_string();
    if (stop == nullptr || stop->empty()) return bad_field(path_at("stop_sequences", i), "a string, and not empty");
    stops.emplace_back(*stop);
  }
  json::value moved = std::move(*given);
  body.erase("stop_sequences");
  if (stops.empty()) return stops;
  body["stop"] = std::move(moved);
  origins.note("stop", "stop_sequences");
  // A chat completion does not say which of them has ended it, unless it is asked for this detail.
  body["verbose"] = true;
  body["response_fields"] = json::array{"stopping_word"};
  return stops;
}

// An answer to an assistant's message continues it. An engine does so by itself, but unless it is told so it streams the
// beginning once more.
std::string continue_last_message(json::object& body) {
  const json::object& last = body.at("messages").get_array().back().get_object();
  if (last.at("role") != "assistant") return {};
  std::string prefill(last.at("content").get_string());
  body["continue_final_message"] = true;
  body["add_generation_prompt"] = false;
  return prefill;
}

}  // namespace

Result<MessagesAsked> messages_to_chat(json::object& body, MessagesFor what, Ignored& ignored, Origins& origins) {
  EAI_CHECK(convert_messages(body, ignored, origins));
  EAI_TRY(const Names tools, convert_tools(body, ignored, origins));
  EAI_CHECK(convert_tool_choice(body, tools));
  EAI_CHECK(convert_thinking(body, ignored));
  EAI_CHECK(convert_output(body, ignored, origins));
  MessagesAsked asked;
  EAI_TRY(asked.stops, convert_stops(body, origins));
  asked.prefill = continue_last_message(body);
  if (what == MessagesFor::a_count) {
    for (const std::string_view answered : {"stream", "stop", "verbose", "response_fields", "max_tokens"})
      body.erase(answered);
    return asked;
  }
  if (!body.contains("max_tokens")) return fail_about("max_tokens", Code::invalid, "the field 'max_tokens' is missing");
  const json::value* stream = body.if_contains("stream");
  if (stream != nullptr && stream->is_bool() && stream->get_bool()) {
    body["stream_options"] = json::object{{"include_usage", true}};
    body["return_progress"] = true;  // it says how long the prompt is before the answer begins
  }
  return asked;
}

}  // namespace eai::api
