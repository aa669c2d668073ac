#include "api/responses_items.h"

#include <algorithm>
#include <array>

#include "api/json_read.h"
#include "api/json_tree.h"
#include "api/responses_parts.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_ignored_limit = 32;  // items that are told
constexpr std::size_t k_kind_limit = 60;     // bytes of an unknown kind that are repeated

// What only a server of OpenAI's, or a client's own tool of a kind that models here do not know, has done. Its result is
// in the words that follow it.
constexpr std::array<std::string_view, 24> k_without_effect = {"web_search_call",
                                                               "file_search_call",
                                                               "computer_call",
                                                               "computer_call_output",
                                                               "image_generation_call",
                                                               "code_interpreter_call",
                                                               "local_shell_call",
                                                               "local_shell_call_output",
                                                               "shell_call",
                                                               "shell_call_output",
                                                               "apply_patch_call",
                                                               "apply_patch_call_output",
                                                               "mcp_list_tools",
                                                               "mcp_approval_request",
                                                               "mcp_approval_response",
                                                               "mcp_call",
                                                               "tool_search_call",
                                                               "tool_search_output",
                                                               "additional_tools",
                                                               "configuration_update",
                                                               "compaction",
                                                               "compaction_trigger",
                                                               "program",
                                                               "program_output"};

Result<std::string_view> need_text(const json::object& item, std::string_view name, const std::string& path) {
  const json::value* value = member(item, name);
  const std::string where = path + "." + std::string(name);
  if (value == nullptr) return fail_about(where, Code::invalid, "the field '" + where + "' is missing");
  if (!value->is_string() || value->get_string().empty()) return bad_field(where, "a string that is not empty");
  return text_of(value);
}

// The arguments of a call as a template can read them.
Result<std::string> arguments_of(const json::object& item, const std::string& path) {
  const json::value* given = member(item, "arguments");
  if (given == nullptr) return std::string("{}");
  if (given->is_object()) return json::serialize(*given);
  const std::string_view text = text_of(given);
  if (given->is_string() && text.find_first_not_of(" \t\r\n") == std::string_view::npos) return std::string("{}");
  json::error_code error;
  json::parse_options options;
  options.max_depth = k_max_depth;
  if (given->is_string() && json::parse(text, error, {}, options).is_object() && !error) return std::string(text);
  return bad_field(path + ".arguments", "a string that contains a JSON object");
}

}  // namespace

std::string_view kind_of_item(const json::object& item) {
  if (member(item, "type") != nullptr) return text_in(item, "type");
  if (member(item, "role") != nullptr) return "message";
  if (member(item, "output") != nullptr) return "function_call_output";
  if (member(item, "arguments") != nullptr) return "function_call";
  if (member(item, "id") != nullptr) return "item_reference";
  return {};
}

void ItemMessages::add_system(std::string_view text) {
  if (text.empty()) return;
  end_turn();
  json::object message(made_.storage());
  message["role"] = "system";
  message["content"] = text;
  origins_.note(path_at("messages", made_.size()), "instructions", Inside::other);
  made_.push_back(std::move(message));
}

void ItemMessages::push(json::object message, const std::string& path, std::string_view content) {
  const std::string own = path_at("messages", made_.size());
  origins_.note(own, path, inside_);
  if (inside_ == Inside::same) origins_.note(own + ".content", path + "." + std::string(content));
  made_.push_back(std::move(message));
}

Result<void> ItemMessages::add(json::value& value, const std::string& path, Inside inside) {
  inside_ = inside;
  json::object* item = value.if_object();
  if (item == nullptr) return bad_field(path, "an object");
  const std::string kind(kind_of_item(*item));
  if (kind == "message") return add_message(*item, path);
  if (kind == "reasoning") return add_reasoning(*item, path);
  if (kind == "function_call" || kind == "custom_tool_call") return add_call(*item, kind, path);
  if (kind == "function_call_output" || kind == "custom_tool_call_output") return add_output(*item, path);
  if (std::find(k_without_effect.begin(), k_without_effect.end(), kind) != k_without_effect.end()) {
    if (ignored_.size() < k_ignored_limit) ignored_.push_back(path);
    return {};
  }
  const std::string what = R"("message", "function_call", "function_call_output" or another kind of item)";
  if (kind.empty()) return bad_field(path + ".type", what);
  return bad_field(path + ".type", what + ", not '" + printable(kind, k_kind_limit) + "'");
}

Result<void> ItemMessages::add_message(json::object& item, const std::string& path) {
  const std::string_view role = text_in(item, "role");
  if (role == "assistant") return add_assistant(item, path);
  if (role != "user" && role != "system" && role != "developer")
    return bad_field(path + ".role", R"("user", "assistant", "system" or "developer")");
  EAI_TRY(json::value content, chat_content(item, "content", path));
  end_turn();
  json::object message(made_.storage());
  message["role"] = role == "user" ? "user" : "system";
  message["content"] = std::move(content);
  push(std::move(message), path, "content");
  return {};
}

Result<void> ItemMessages::add_assistant(json::object& item, const std::string& path) {
  if (member(item, "tool_calls") != nullptr) {
    return fail_about(path + ".tool_calls", Code::invalid,
                      "'" + path +
                          ".tool_calls' is the form of chat completions; here each call is an item of the type "
                          "\"function_call\"");
  }
  EAI_TRY(const std::string words, words_in(item, "content", path));
  if (turn_.path.empty()) turn_.path = path;
  add_words(words);
  return {};
}

void ItemMessages::add_words(std::string_view text) {
  if (!turn_.words.empty() && !text.empty()) turn_.words += '\n';
  turn_.words += text;
  turn_.has_words = true;
}

Result<void> ItemMessages::add_reasoning(const json::object& item, const std::string& path) {
  const std::string_view name = member(item, "content") != nullptr ? "content" : "summary";
  const json::value* parts = member(item, name);
  if (parts == nullptr) return {};
  const std::string where = path + "." + std::string(name);
  if (!parts->is_array()) return bad_field(where, "a list of parts");
  for (std::size_t i = 0; i < parts->get_array().size(); ++i) {
    const json::object* part = parts->get_array()[i].if_object();
    if (part == nullptr) return bad_field(path_at(where, i), "an object");
    const json::value* text = member(*part, "text");
    if (text == nullptr || !text->is_string()) return bad_field(path_at(where, i) + ".text", "a string");
    if (!turn_.reasoning.empty()) turn_.reasoning += '\n';
    turn_.reasoning += text_of(text);
  }
  return {};
}

Result<void> ItemMessages::add_call(json::object& item, std::string_view kind, const std::string& path) {
  EAI_TRY(const std::string_view id, need_text(item, "call_id", path));
  EAI_TRY(const std::string_view name, need_text(item, "name", path));
  std::string arguments;
  if (kind == "custom_tool_call") {
    arguments = json::serialize(json::object{{"input", text_in(item, "input")}});
  } else {
    EAI_TRY(arguments, arguments_of(item, path));
  }
  json::object function(made_.storage());
  function["name"] = name;
  function["arguments"] = arguments;
  json::object call(made_.storage());
  call["id"] = id;
  call["type"] = "function";
  call["function"] = std::move(function);
  if (turn_.path.empty()) turn_.path = path;
  turn_.calls.push_back(std::move(call));
  return {};
}

Result<void> ItemMessages::add_output(json::object& item, const std::string& path) {
  EAI_TRY(const std::string_view id, need_text(item, "call_id", path));
  EAI_TRY(json::value content, chat_content(item, "output", path));
  end_turn();
  json::object message(made_.storage());
  message["role"] = "tool";
  message["tool_call_id"] = id;
  message["content"] = std::move(content);
  push(std::move(message), path, "output");
  return {};
}

void ItemMessages::end_turn() {
  Turn turn = std::move(turn_);
  turn_ = Turn();
  if (!turn.has_words && turn.calls.empty()) return;  // thoughts alone are not a turn
  json::object message(made_.storage());
  message["role"] = "assistant";
  message["content"] = turn.words;
  if (!turn.reasoning.empty()) message["reasoning_content"] = turn.reasoning;
  if (!turn.calls.empty()) message["tool_calls"] = turn.calls;
  origins_.note(path_at("messages", made_.size()), std::move(turn.path), Inside::other);
  made_.push_back(std::move(message));
}

json::array ItemMessages::take() {
  end_turn();
  return std::move(made_);
}

}  // namespace eai::api
