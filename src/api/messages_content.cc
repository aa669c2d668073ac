#include "api/messages_content.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "api/json_read.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_ignored_limit = 32;  // names that are told
constexpr std::size_t k_name_limit = 64;     // bytes of a name that are repeated

// Claude Code puts a line in front of its prompt that is meant for Anthropic's servers. It differs in every request, so
// that an engine would have to read all of the prompt again.
constexpr std::string_view k_billing_line = "x-anthropic-billing-header:";

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

std::string_view without_billing_line(std::string_view text, Ignored& ignored) {
  if (!text.starts_with(k_billing_line)) return text;
  note_once(ignored, k_billing_line.substr(0, k_billing_line.size() - 1));
  const std::size_t end = text.find('\n');
  return end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
}

}  // namespace

void note_once(Ignored& ignored, std::string_view name) {
  std::string shown = printable(name, k_name_limit);
  if (ignored.size() >= k_ignored_limit || std::find(ignored.begin(), ignored.end(), shown) != ignored.end()) return;
  ignored.push_back(std::move(shown));
}

Result<std::string_view> text_member(const json::object& from, std::string_view key, const std::string& path) {
  const json::value* value = from.if_contains(key);
  if (value == nullptr || !value->is_string()) return bad_field(path + "." + std::string(key), "a string");
  return view(value->get_string());
}

// The first nine are a model's business; what stands after them is that of Anthropic's servers.
const Conversation::BlockKind Conversation::k_kinds[] = {
    {"text", k_both, &Conversation::take_text},
    {"image", k_user, &Conversation::take_picture},
    {"document", k_user, &Conversation::take_document},
    {"search_result", k_user, &Conversation::take_search_result},
    {"tool_result", k_user, &Conversation::take_tool_result},
    {"tool_use", k_assistant, &Conversation::take_tool_use},
    {"thinking", k_assistant, &Conversation::take_thinking},
    {"redacted_thinking", k_assistant, &Conversation::take_nothing},  // encrypted
    {"server_tool_use", k_both, &Conversation::take_foreign},
    {"web_search_tool_result", k_both, &Conversation::take_foreign},
    {"web_fetch_tool_result", k_both, &Conversation::take_foreign},
    {"advisor_tool_result", k_both, &Conversation::take_foreign},
    {"code_execution_tool_result", k_both, &Conversation::take_foreign},
    {"bash_code_execution_tool_result", k_both, &Conversation::take_foreign},
    {"text_editor_code_execution_tool_result", k_both, &Conversation::take_foreign},
    {"tool_search_tool_result", k_both, &Conversation::take_foreign},
    {"mcp_tool_use", k_both, &Conversation::take_foreign},
    {"mcp_tool_result", k_both, &Conversation::take_foreign},
    {"mcp_tool_listing", k_both, &Conversation::take_foreign},
    {"tool_addition", k_both, &Conversation::take_foreign},
    {"tool_removal", k_both, &Conversation::take_foreign},
    {"container_upload", k_both, &Conversation::take_foreign},
    {"compaction", k_both, &Conversation::take_foreign},
    {"fallback", k_both, &Conversation::take_foreign},
};

Conversation::Conversation(json::storage_ptr memory, Ignored& ignored, Origins& origins)
    : memory_(std::move(memory)),
      ignored_(ignored),
      origins_(origins),
      chat_(memory_),
      parts_(memory_),
      calls_(memory_) {}

Result<void> Conversation::add_system(const json::value& content, const std::string& path) {
  add_turn_to_chat();
  if (content.is_string()) {
    add_text(without_billing_line(view(content.get_string()), ignored_));
  } else if (const json::array* blocks = content.if_array()) {
    for (std::size_t i = 0; i < blocks->size(); ++i) {
      const std::string name = path_at(path, i);
      const json::object* block = (*blocks)[i].if_object();
      if (block == nullptr) return bad_field(name, "a text block");
      EAI_TRY(const std::string_view type, text_member(*block, "type", name));
      if (type != "text") return bad_field(name + ".type", "\"text\"");
      EAI_TRY(std::string_view text, text_member(*block, "text", name));
      text = without_billing_line(text, ignored_);
      if (!text.empty()) add_text(text);
    }
  } else {
    return bad_field(path, "a string or a list of text blocks");
  }
  Made system = take_message("system", path);
  const json::string* text = system.message["content"].if_string();
  if (text == nullptr || !text->empty()) push(std::move(system));
  return {};
}

Result<void> Conversation::add_message(const json::value& message, const std::string& path) {
  const json::object* object = message.if_object();
  if (object == nullptr) return bad_field(path, "an object");
  const json::value* role = object->if_contains("role");
  const std::string_view said = role != nullptr && role->is_string() ? view(role->get_string()) : std::string_view();
  const json::value* content = object->if_contains("content");
  if (said != "user" && said != "assistant" && said != "system")
    return bad_field(path + ".role", "\"user\", \"assistant\" or \"system\"");
  if (content == nullptr) return bad_field(path + ".content", "a string or a list of blocks");
  if (said == "system") return add_system(*content, path + ".content");
  const Roles speaker = said == "user" ? k_user : k_assistant;
  if (speaker != role_) {
    add_turn_to_chat();
    first_path_ = path;
  }
  role_ = speaker;
  last_path_ = path;
  if (const json::string* text = content->if_string()) {
    add_text(view(*text));
    return {};
  }
  const json::array* blocks = content->if_array();
  if (blocks == nullptr) return bad_field(path + ".content", "a string or a list of blocks");
  // An assistant may have said nothing.
  if (blocks->empty() && speaker == k_user) {
    return fail_about(path + ".content", Code::invalid, "the field '" + path + ".content' is empty");
  }
  for (std::size_t i = 0; i < blocks->size(); ++i) EAI_CHECK(add_block((*blocks)[i], path_at(path + ".content", i)));
  return {};
}

Result<json::array> Conversation::take() {
  if (role_ == k_assistant && !calls_.empty()) {
    return fail_about(last_path_ + ".content", Code::invalid,
                      "the last message has a block of the type \"tool_use\"; the message that follows it must have "
                      "the \"tool_result\"");
  }
  add_turn_to_chat();
  return std::move(chat_);
}

Result<void> Conversation::add_block(const json::value& block, const std::string& path) {
  const json::object* object = block.if_object();
  if (object == nullptr) return bad_field(path, "an object");
  EAI_TRY(const std::string_view type, text_member(*object, "type", path));
  std::string possible;
  for (const BlockKind& kind : k_kinds) {
    if ((kind.roles & role_) == 0) continue;
    if (kind.type == type) return (this->*kind.take)(*object, path);
    if (kind.take != &Conversation::take_foreign)
      possible += (possible.empty() ? "\"" : ", \"") + std::string(kind.type) + '"';
  }
  return bad_field(path + ".type", "one that a message of this role can have: " + possible);
}

Result<void> Conversation::add_parts(const json::value& content, const std::string& path) {
  if (const json::string* text = content.if_string()) {
    add_text(view(*text));
    return {};
  }
  const json::array* blocks = content.if_array();
  if (blocks == nullptr) return bad_field(path, "a string or a list of blocks");
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    const std::string name = path_at(path, i);
    const json::object* block = (*blocks)[i].if_object();
    if (block == nullptr) return bad_field(name, "an object");
    EAI_TRY(const std::string_view type, text_member(*block, "type", name));
    if (type == "text") {
      EAI_CHECK(take_text(*block, name));
    } else if (type == "image") {
      EAI_CHECK(take_picture(*block, name));
    } else if (type == "document") {
      EAI_CHECK(take_document(*block, name));
    } else if (type == "search_result") {
      EAI_CHECK(take_search_result(*block, name));
    } else if (type == "tool_reference" || type == "browser_state") {
      EAI_CHECK(take_foreign(*block, name));
    } else {
      return bad_field(name + ".type", "\"text\", \"image\", \"document\" or \"search_result\"");
    }
  }
  return {};
}

void Conversation::add_text(std::string_view text) {
  json::object part(memory_);
  part["type"] = "text";
  part["text"] = text;
  parts_.emplace_back(std::move(part));
}

Conversation::Made Conversation::take_message(std::string_view role, std::string path) {
  json::array parts = std::exchange(parts_, json::array(memory_));
  Made made{json::object(memory_), std::move(path), std::exchange(pictures_, {})};
  made.message["role"] = role;
  if (!made.pictures.empty()) {
    made.message["content"] = std::move(parts);
    return made;
  }
  std::string joined;
  for (const json::value& part : parts) {
    if (&part != &parts.front()) joined += '\n';  // as engines do between parts
    joined += view(part.at("text").get_string());
  }
  made.message["content"] = joined;
  return made;
}

void Conversation::push(Made made) {
  const std::string own = path_at("messages", chat_.size());
  origins_.note(own, std::move(made.path), Inside::other);
  for (auto& [place, path] : made.pictures)
    origins_.note(path_at(own + ".content", place) + ".image_url", std::move(path), Inside::other);
  chat_.emplace_back(std::move(made.message));
}

void Conversation::add_turn_to_chat() {
  for (Made& result : results_) push(std::move(result));
  results_.clear();
  const bool only_results = role_ == k_user && parts_.empty();
  if (role_ != k_both && !only_results) {
    Made made = take_message(role_ == k_user ? "user" : "assistant", first_path_);
    if (!thoughts_.empty()) made.message["reasoning_content"] = thoughts_;
    if (!calls_.empty()) made.message["tool_calls"] = std::exchange(calls_, json::array(memory_));
    push(std::move(made));
  }
  thoughts_.clear();
  role_ = k_both;
}

}  // namespace eai::api
