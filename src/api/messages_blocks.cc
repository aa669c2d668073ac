// What each type of block becomes.
#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "api/messages_content.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_type_limit = 64;  // bytes of a picture's type
constexpr std::size_t k_scheme = 32;      // bytes in which an address has its colon; base64 has none

// A picture's type becomes a part of its address.
bool is_picture_type(std::string_view type) {
  return type.starts_with("image/") && type.size() <= k_type_limit && std::all_of(type.begin(), type.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
                  c == '+' || c == '-';
         });
}

// "Title: …", if the object has a member that says so.
void add_line(std::string& to, const json::object& from, std::string_view key, std::string_view label) {
  const json::value* value = from.if_contains(key);
  if (value == nullptr || !value->is_string() || value->get_string().empty()) return;
  to += std::string(label) + ": " + std::string(value->get_string()) + "\n";
}

Result<const json::object*> object_member(const json::object& from, std::string_view key, const std::string& path) {
  const json::value* value = from.if_contains(key);
  if (value == nullptr || !value->is_object()) return bad_field(path + "." + std::string(key), "an object");
  return &value->get_object();
}

void note_citations(const json::object& block, Ignored& ignored) {
  const json::value* citations = block.if_contains("citations");
  const json::value* enabled =
      citations != nullptr && citations->is_object() ? citations->get_object().if_contains("enabled") : nullptr;
  if (enabled != nullptr && enabled->is_bool() && enabled->get_bool()) note_once(ignored, "citations");
}

}  // namespace

Result<void> Conversation::take_text(const json::object& block, const std::string& path) {
  EAI_TRY(const std::string_view text, text_member(block, "text", path));
  add_text(text);
  return {};
}

Result<void> Conversation::take_picture(const json::object& block, const std::string& path) {
  EAI_TRY(const json::object* source, object_member(block, "source", path));
  const std::string name = path + ".source";
  EAI_TRY(const std::string_view type, text_member(*source, "type", name));
  json::string address(memory_);
  if (type == "base64") {
    EAI_TRY(const std::string_view data, text_member(*source, "data", name));
    std::string_view media = "image/jpeg";  // engines look at the bytes
    if (source->contains("media_type")) {
      EAI_TRY(media, text_member(*source, "media_type", name));
    }
    if (!is_picture_type(media)) return bad_field(name + ".media_type", "a type of pictures, such as \"image/png\"");
    if (data.find(':') < k_scheme) {  // clients put a whole data: URI there
      address = data;
    } else {
      address.reserve(data.size() + media.size() + 16);
      address.append("data:").append(media).append(";base64,").append(data);
    }
  } else if (type == "url") {
    EAI_TRY(const std::string_view url, text_member(*source, "url", name));
    address = url;
  } else {
    return bad_field(name + ".type", "\"base64\" or \"url\"; this server keeps no files");
  }
  json::object part(memory_);
  part["type"] = "image_url";
  part["image_url"].emplace_object()["url"] = std::move(address);
  pictures_.emplace_back(parts_.size(), name);
  parts_.emplace_back(std::move(part));
  return {};
}

Result<void> Conversation::take_document(const json::object& block, const std::string& path) {
  EAI_TRY(const json::object* source, object_member(block, "source", path));
  const std::string name = path + ".source";
  EAI_TRY(const std::string_view type, text_member(*source, "type", name));
  std::string about;
  add_line(about, block, "title", "Title");
  add_line(about, block, "context", "Context");
  note_citations(block, ignored_);
  if (type == "text") {
    EAI_TRY(const std::string_view data, text_member(*source, "data", name));
    add_text((about.empty() ? about : about + "\n") + std::string(data));
    return {};
  }
  if (type == "content") {
    if (!about.empty()) add_text(about);
    const json::value* content = source->if_contains("content");
    if (content == nullptr) return bad_field(name + ".content", "a string or a list of blocks");
    return add_parts(*content, name + ".content");
  }
  return bad_field(name + ".type", "\"text\" or \"content\"; this server reads no PDF and keeps no files");
}

Result<void> Conversation::take_search_result(const json::object& block, const std::string& path) {
  EAI_CHECK(text_member(block, "source", path));
  EAI_CHECK(text_member(block, "title", path));
  std::string about;
  add_line(about, block, "title", "Title");
  add_line(about, block, "source", "Source");
  note_citations(block, ignored_);
  if (!about.empty()) add_text(about);
  const json::value* content = block.if_contains("content");
  if (content == nullptr || !content->is_array()) return bad_field(path + ".content", "a list of text blocks");
  return add_parts(*content, path + ".content");
}

Result<void> Conversation::take_tool_result(const json::object& block, const std::string& path) {
  EAI_TRY(const std::string_view id, text_member(block, "tool_use_id", path));
  const json::value* error = block.if_contains("is_error");
  if (error != nullptr && error->is_bool() && error->get_bool()) note_once(ignored_, "is_error");
  json::array other_parts = std::exchange(parts_, json::array(memory_));
  auto other_pictures = std::exchange(pictures_, {});
  if (const json::value* content = block.if_contains("content"); content != nullptr && !content->is_null())
    EAI_CHECK(add_parts(*content, path + ".content"));
  Made made = take_message("tool", path);
  made.message["tool_call_id"] = id;
  results_.push_back(std::move(made));
  parts_ = std::move(other_parts);
  pictures_ = std::move(other_pictures);
  return {};
}

Result<void> Conversation::take_tool_use(const json::object& block, const std::string& path) {
  EAI_TRY(const std::string_view id, text_member(block, "id", path));
  EAI_TRY(const std::string_view name, text_member(block, "name", path));
  const json::value* input = block.if_contains("input");
  if (input != nullptr && !input->is_object() && !input->is_null()) return bad_field(path + ".input", "an object");
  json::object call(memory_);
  call["id"] = id;
  call["type"] = "function";
  json::object& function = call["function"].emplace_object();
  function["name"] = name;
  function["arguments"] = input != nullptr && input->is_object() ? json::serialize(*input) : "{}";
  calls_.emplace_back(std::move(call));
  return {};
}

Result<void> Conversation::take_thinking(const json::object& block, const std::string& path) {
  EAI_TRY(const std::string_view thought, text_member(block, "thinking", path));
  thoughts_ += thought;
  return {};
}

Result<void> Conversation::take_nothing(const json::object&, const std::string&) { return {}; }

Result<void> Conversation::take_foreign(const json::object&, const std::string& path) {
  note_once(ignored_, path);
  return {};
}

}  // namespace eai::api
