#include "api/responses_options.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "api/json_read.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_ignored_limit = 32;  // names that are told

void note(Ignored& ignored, std::string name) {
  if (ignored.size() < k_ignored_limit) ignored.push_back(printable(name, 100));
}

// Notes the members that have no effect, except the one that has.
void note_others(const json::object& of, std::string_view path, std::string_view known, Ignored& ignored) {
  for (const auto& [key, value] : of) {
    if (key != known && !value.is_null()) note(ignored, std::string(path) + "." + std::string(key));
  }
}

json::value taken(json::object& body, std::string_view name) {
  json::value out(body.storage());
  if (json::value* value = body.if_contains(name)) out = std::move(*value);
  body.erase(name);
  return out;
}

Result<json::object> function_of(json::object& tool, const std::string& path) {
  json::value* nested = member(tool, "function");  // chat's form, which some clients send
  if (nested != nullptr && !nested->is_object()) return bad_field(path + ".function", "an object");
  json::object& from = nested == nullptr ? tool : nested->get_object();
  const std::string where = nested == nullptr ? path : path + ".function";
  if (text_in(from, "name").empty()) return bad_field(where + ".name", "the name of the function");
  json::object out(tool.storage());
  for (const std::string_view key : {"name", "description", "parameters", "strict"}) {
    json::value* value = member(from, key);
    if (value == nullptr) continue;
    if (key == "description" && !value->is_string()) return bad_field(where + ".description", "a string");
    if (key == "parameters" && !value->is_object()) return bad_field(where + ".parameters", "a JSON schema");
    if (key == "strict" && !value->is_bool()) return bad_field(where + ".strict", "true or false");
    out[key] = std::move(*value);
  }
  return out;
}

std::string_view name_of_tool(const json::value& tool) {
  return text_in(tool.get_object().at("function").get_object(), "name");
}

Result<void> nest_tools(json::object& body, Ignored& ignored, Origins& origins) {
  json::value* given = member(body, "tools");
  if (given == nullptr) return {};
  json::array made(body.storage());
  json::array& tools = given->get_array();
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const std::string path = path_at("tools", i);
    json::object* tool = tools[i].if_object();
    if (tool == nullptr) return bad_field(path, "an object");
    const json::value* type = member(*tool, "type");
    if (type != nullptr && text_of(type).empty()) return bad_field(path + ".type", "a string, such as \"function\"");
    if (type != nullptr && text_of(type) != "function") {
      note(ignored, path);
      continue;
    }
    const bool flat = member(*tool, "function") == nullptr;
    EAI_TRY(json::object function, function_of(*tool, path));
    origins.note(path_at("tools", made.size()) + ".function", flat ? path : path + ".function");
    json::object nested(body.storage());
    nested["type"] = "function";
    nested["function"] = std::move(function);
    made.push_back(std::move(nested));
  }
  if (made.empty()) {
    body.erase("tools");
  } else {
    body["tools"] = std::move(made);
  }
  return {};
}

// Which tools the model may call, and whether it must.
struct ToolChoice {
  std::string mode;
  bool all = true;
  std::vector<std::pair<std::string, std::string>> names = {};  // and the path of each; unless it is all
};

Result<std::string> chosen_name(const json::object& choice, const std::string& path) {
  const json::object* nested = object_in(choice, "function");
  const std::string_view name = text_in(nested == nullptr ? choice : *nested, "name");
  if (name.empty()) return bad_field(path + ".name", "the name of one of 'tools'");
  return std::string(name);
}

Result<ToolChoice> read_allowed(const json::object& choice) {
  const json::object* nested = object_in(choice, "allowed_tools");  // chat's form
  const json::object& from = nested == nullptr ? choice : *nested;
  const std::string path = nested == nullptr ? "tool_choice" : "tool_choice.allowed_tools";
  ToolChoice out{std::string(text_in(from, "mode")), false};
  if (out.mode != "auto" && out.mode != "required") return bad_field(path + ".mode", R"("auto" or "required")");
  const json::value* tools = member(from, "tools");
  if (tools == nullptr || !tools->is_array()) return bad_field(path + ".tools", "a list of tools");
  for (std::size_t i = 0; i < tools->get_array().size(); ++i) {
    const std::string where = path_at(path + ".tools", i);
    const json::object* tool = tools->get_array()[i].if_object();
    if (tool == nullptr) return bad_field(where, "an object");
    if (text_in(*tool, "type") != "function") continue;  // those are not among the tools anyway
    EAI_TRY(std::string name, chosen_name(*tool, where));
    out.names.emplace_back(std::move(name), where + ".name");
  }
  return out;
}

Result<ToolChoice> read_choice(const json::value& given) {
  if (given.is_string()) {
    const std::string mode(text_of(&given));
    if (mode == "auto" || mode == "none" || mode == "required") return ToolChoice{mode};
    return bad_field("tool_choice", R"("auto", "none", "required" or an object)");
  }
  const json::object* choice = given.if_object();
  if (choice == nullptr) return bad_field("tool_choice", R"("auto", "none", "required" or an object)");
  const std::string_view type = text_in(*choice, "type");
  if (type == "allowed_tools") return read_allowed(*choice);
  if (type != "function") return bad_field("tool_choice.type", R"("function" or "allowed_tools")");
  ToolChoice out{"required", false};
  EAI_TRY(std::string name, chosen_name(*choice, "tool_choice"));
  out.names.emplace_back(std::move(name), "tool_choice.name");
  return out;
}

Result<void> keep_chosen(json::object& body, const ToolChoice& choice) {
  json::array kept(body.storage());
  json::value* given = body.if_contains("tools");
  for (const auto& [name, path] : choice.names) {
    json::value* found = nullptr;
    if (given != nullptr) {
      for (json::value& tool : given->get_array())
        if (tool.is_object() && name_of_tool(tool) == name) found = &tool;
    }
    if (found == nullptr) {
      return fail_about(path, Code::invalid,
                        "the field '" + path + "' is '" + printable(name, 60) + "', which is not one of 'tools'");
    }
    kept.push_back(*found);
  }
  if (kept.empty()) {
    body.erase("tools");
  } else {
    body["tools"] = std::move(kept);
  }
  return {};
}

constexpr std::string_view k_logprobs = "message.output_text.logprobs";

}  // namespace

Result<void> to_chat_tools(json::object& body, Ignored& ignored, Origins& origins) {
  const bool any = body.contains("tools");
  EAI_CHECK(nest_tools(body, ignored, origins));
  const json::value given = taken(body, "tool_choice");
  ToolChoice choice{"auto"};
  if (!given.is_null()) {
    EAI_TRY(choice, read_choice(given));
  }
  if (!choice.all) EAI_CHECK(keep_chosen(body, choice));
  if (body.contains("tools")) {
    if (choice.mode != "auto") body["tool_choice"] = choice.mode;
    return {};
  }
  body.erase("parallel_tool_calls");
  if (choice.mode != "required") return {};
  return fail_about("tool_choice", Code::invalid,
                    any ? "the field 'tool_choice' wants a tool to be called, and none of 'tools' is a function"
                        : "the field 'tool_choice' wants a tool to be called, and there are no 'tools'");
}

Result<void> to_chat_format(json::object& body, Ignored& ignored, Origins& origins) {
  json::value text = taken(body, "text");
  if (!text.is_object()) return {};
  note_others(text.get_object(), "text", "format", ignored);
  json::value* given = member(text.get_object(), "format");
  if (given == nullptr) return {};
  if (!given->is_object()) return bad_field("text.format", "an object");
  json::object& format = given->get_object();
  const std::string type(text_in(format, "type"));
  if (type == "text") return {};
  json::object made(body.storage());
  made["type"] = type;
  origins.note("response_format", "text.format");
  if (type == "json_schema") {
    json::value* nested = member(format, "json_schema");  // chat's form
    const bool flat = nested == nullptr || !nested->is_object();
    if (flat) origins.note("response_format.json_schema", "text.format");
    json::object& from = flat ? format : nested->get_object();
    const json::value* schema = member(from, "schema");
    if (schema == nullptr || !schema->is_object())
      return bad_field(flat ? "text.format.schema" : "text.format.json_schema.schema", "a JSON schema");
    from.stable_erase("type");
    json::object moved = std::move(from);
    made["json_schema"] = std::move(moved);
  } else if (type != "json_object") {
    return bad_field("text.format.type", R"("text", "json_object" or "json_schema")");
  }
  body["response_format"] = std::move(made);
  return {};
}

Result<void> to_chat_reasoning(json::object& body, Ignored& ignored) {
  const json::value reasoning = taken(body, "reasoning");
  if (!reasoning.is_object()) return {};
  note_others(reasoning.get_object(), "reasoning", "effort", ignored);
  const json::value* effort = member(reasoning.get_object(), "effort");
  if (effort == nullptr) return {};
  static constexpr std::array<std::string_view, 7> k_efforts = {"none", "minimal", "low", "medium",
                                                                "high", "xhigh",   "max"};
  if (std::find(k_efforts.begin(), k_efforts.end(), text_of(effort)) == k_efforts.end()) {
    return bad_field("reasoning.effort", R"("none", "minimal", "low", "medium", "high", "xhigh" or "max")");
  }
  body["reasoning_effort"] = *effort;
  return {};
}

Result<bool> to_chat_logprobs(json::object& body, Ignored& ignored) {
  const json::value include = taken(body, "include");
  bool wanted = whole_in(body, "top_logprobs") > 0;
  if (const json::array* names = include.if_array()) {
    for (std::size_t i = 0; i < names->size(); ++i) {
      const json::value& name = (*names)[i];
      if (!name.is_string()) return bad_field(path_at("include", i), "a string");
      if (text_of(&name) == k_logprobs) {
        wanted = true;
      } else {
        note(ignored, path_at("include", i));
      }
    }
  }
  if (wanted) {
    body["logprobs"] = true;
  } else {
    body.erase("top_logprobs");
  }
  return wanted;
}

}  // namespace eai::api
