// The tools of a chat request, and which of them the model may or must call.
#include <algorithm>

#include "api/grammar_bounds.h"
#include "api/json_read.h"
#include "api/request_forms.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

struct Choice {
  std::string mode = "auto";       // auto, none or required
  std::vector<std::string> names;  // only these; empty: all
};

std::string name_of_tool(const json::value& tool) {
  const json::string& name = tool.at("function").at("name").get_string();
  return {name.data(), name.size()};
}

// Whether it is a function, which a model can call; others are for a company's servers.
Result<bool> check_tool(json::value& value, const std::string& path) {
  if (!value.is_object()) return bad_field(path, "an object");
  json::object& tool = value.get_object();
  const json::value* type = tool.if_contains("type");
  if (type != nullptr && !type->is_string()) return bad_field(path + ".type", "a string");
  if (type != nullptr && *type != "function") return false;
  json::value* function = tool.if_contains("function");
  if (function == nullptr || !function->is_object()) return bad_field(path + ".function", "an object");
  tool["type"] = "function";
  json::object& inside = tool["function"].get_object();
  const json::value* name = inside.if_contains("name");
  if (name == nullptr || !name->is_string() || name->get_string().empty()) {
    return bad_field(path + ".function.name", "a string");
  }
  const json::value* description = inside.if_contains("description");
  if (description != nullptr && !description->is_string()) return bad_field(path + ".function.description", "a string");
  const json::value* parameters = inside.if_contains("parameters");
  if (parameters != nullptr && !parameters->is_object()) return bad_field(path + ".function.parameters", "an object");
  if (parameters != nullptr) EAI_CHECK(check_schema_size(*parameters, path + ".function.parameters"));
  return true;
}

Result<void> check_list(json::object& body, Ignored& ignored) {
  json::value* tools = body.if_contains("tools");
  if (tools == nullptr) return {};
  json::array kept(tools->storage());
  json::array& list = tools->get_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    EAI_TRY(const bool callable, check_tool(list[i], path_at("tools", i)));
    if (callable) {
      kept.push_back(std::move(list[i]));
    } else {
      ignored.push_back(path_at("tools", i));
    }
  }
  if (kept.empty()) {
    body.erase("tools");
  } else {
    *tools = std::move(kept);
  }
  return {};
}

Result<std::string> choice_name(const json::object& choice, std::string_view path) {
  const json::value* function = choice.if_contains("function");
  const json::object& inside = function != nullptr && function->is_object() ? function->get_object() : choice;
  const json::value* name = inside.if_contains("name");
  if (name == nullptr || !name->is_string()) return bad_field(std::string(path) + ".function.name", "a string");
  return std::string(name->get_string());
}

Result<Choice> allowed_tools(const json::object& choice) {
  const json::value* inside = choice.if_contains("allowed_tools");
  const json::object& allowed = inside != nullptr && inside->is_object() ? inside->get_object() : choice;
  const json::value* mode = allowed.if_contains("mode");
  const json::value* tools = allowed.if_contains("tools");
  if (mode == nullptr || (*mode != "auto" && *mode != "required")) {
    return bad_field("tool_choice.allowed_tools.mode", "\"auto\" or \"required\"");
  }
  if (tools == nullptr || !tools->is_array() || tools->get_array().empty()) {
    return bad_field("tool_choice.allowed_tools.tools", "a list of tools");
  }
  Choice out;
  out.mode = std::string(mode->get_string());
  const json::array& list = tools->get_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = path_at("tool_choice.allowed_tools.tools", i);
    if (!list[i].is_object()) return bad_field(path, "an object");
    EAI_TRY(std::string name, choice_name(list[i].get_object(), path));
    out.names.push_back(std::move(name));
  }
  return out;
}

Result<Choice> read_choice(const json::value& value) {
  constexpr std::string_view k_must = "\"auto\", \"none\", \"required\" or a tool";
  if (const json::string* word = value.if_string()) {
    const bool known = *word == "auto" || *word == "none" || *word == "required";
    if (*word == "any") return Choice{"required", {}};  // the same in other APIs
    if (!known) return bad_field("tool_choice", k_must);
    return Choice{std::string(*word), {}};
  }
  const json::object* choice = value.if_object();
  const json::value* type = choice != nullptr ? choice->if_contains("type") : nullptr;
  if (type == nullptr || !type->is_string()) return bad_field("tool_choice", k_must);
  if (*type == "allowed_tools") return allowed_tools(*choice);
  if (*type != "function") {
    return bad_field("tool_choice.type", "\"function\" or \"allowed_tools\": models call no other tools");
  }
  EAI_TRY(std::string name, choice_name(*choice, "tool_choice"));
  return Choice{"required", {std::move(name)}};
}

Result<void> narrow(json::object& body, const std::vector<std::string>& names) {
  json::array& tools = body["tools"].get_array();
  json::array kept(tools.storage());
  for (const std::string& name : names) {
    const auto found =
        std::find_if(tools.begin(), tools.end(), [&](const auto& tool) { return name_of_tool(tool) == name; });
    if (found == tools.end()) {
      return fail_about("tool_choice", Code::invalid,
                        "the field 'tool_choice' names '" + printable(name, 100) + "', which is not one of 'tools'");
    }
    kept.push_back(*found);
  }
  tools = std::move(kept);
  return {};
}

}  // namespace

Result<void> check_tools(json::object& body, ChatFacts& facts, Ignored& ignored) {
  EAI_CHECK(check_list(body, ignored));
  Choice choice;
  if (const json::value* given = body.if_contains("tool_choice")) {
    EAI_TRY(choice, read_choice(*given));
    body.erase("tool_choice");
  }
  if (!body.contains("tools")) {
    if (choice.mode == "required") {
      return fail_about("tool_choice", Code::invalid,
                        "the field 'tool_choice' wants a tool to be called, and 'tools' has none");
    }
    body.erase("parallel_tool_calls");
    return {};
  }
  if (!choice.names.empty()) EAI_CHECK(narrow(body, choice.names));
  if (choice.mode != "auto") body["tool_choice"] = choice.mode;
  facts.tools = choice.mode != "none";
  facts.forced_tools = choice.mode == "required";
  if (facts.tools && (body.contains("grammar") || body.contains("json_schema"))) {
    return fail_about("tools", Code::invalid, "'tools' and a grammar cannot be used together");
  }
  return {};
}

}  // namespace eai::api
