// The messages of a chat request.
#include <algorithm>
#include <array>

#include "api/json_read.h"
#include "api/request_forms.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_role_limit = 64;  // bytes

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

// The member as an object; null if it is absent.
Result<json::object*> object_at(json::object& in, std::string_view name, const std::string& path) {
  json::value* value = in.if_contains(name);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) return bad_field(path + "." + std::string(name), "an object");
  return &value->get_object();
}

Result<void> check_text(const json::object& in, std::string_view name, const std::string& path) {
  const json::value* value = in.if_contains(name);
  if (value != nullptr && !value->is_string()) return bad_field(path + "." + std::string(name), "a string");
  return {};
}

Result<void> need_text(const json::object& in, std::string_view name, const std::string& path) {
  if (in.contains(name)) return check_text(in, name, path);
  return fail_about(path + "." + std::string(name), Code::invalid,
                    "the field '" + path + "." + std::string(name) + "' is missing");
}

// False if it cannot be a role.
bool take_role(json::string& role) {
  if (role.empty() || role.size() > k_role_limit) return false;
  if (role == "developer") role = "system";  // the newer word for the same
  if (role == "function") role = "tool";     // the older one
  return true;
}

// Most messages are a role and a text, and nothing else of them has to be looked at. False if this one is more, or is
// at fault.
bool take_plain(json::value& value) {
  json::object* message = value.if_object();
  if (message == nullptr || message->size() != 2) return false;
  json::value* role = message->if_contains("role");
  const json::value* content = message->if_contains("content");
  return role != nullptr && role->is_string() && content != nullptr && content->is_string() &&
         take_role(role->get_string());
}

class Messages {
 public:
  explicit Messages(ChatFacts& facts) : facts_(facts) {}

  Result<void> check(json::value& value, const std::string& path) {
    if (!value.is_object()) return bad_field(path, "an object");
    json::object& message = value.get_object();
    EAI_CHECK(check_role(message, path));
    const std::string_view role = view(message["role"].get_string());
    for (const char* name : {"name", "tool_call_id", "reasoning_content", "refusal"})
      EAI_CHECK(check_text(message, name, path));
    EAI_CHECK(take_other_names(message, path));
    if (role != "assistant") message.erase("tool_calls");
    EAI_CHECK(check_calls(message, path));
    return check_content(message, role, path);
  }

 private:
  Result<void> check_role(json::object& message, const std::string& path) {
    EAI_CHECK(need_text(message, "role", path));
    json::string& role = message["role"].get_string();
    if (!take_role(role)) return bad_field(path + ".role", "the name of a role");
    return {};
  }

  // What other servers and older clients call the same.
  static Result<void> take_other_names(json::object& message, const std::string& path) {
    json::value* reasoning = message.if_contains("reasoning");
    if (reasoning != nullptr && reasoning->is_string() && !message.contains("reasoning_content")) {
      json::value moved = std::move(*reasoning);
      message["reasoning_content"] = std::move(moved);
    }
    message.erase("reasoning");
    if (json::value* call = message.if_contains("function_call"); call != nullptr && !message.contains("tool_calls")) {
      if (!call->is_object()) return bad_field(path + ".function_call", "an object");
      json::value moved = std::move(*call);
      message["tool_calls"] = json::array{json::object{{"type", "function"}, {"function", std::move(moved)}}};
    }
    message.erase("function_call");
    return {};
  }

  static Result<void> check_call(json::value& value, const std::string& path) {
    if (!value.is_object()) return bad_field(path, "an object");
    json::object& call = value.get_object();
    EAI_CHECK(check_text(call, "id", path));
    const json::value* type = call.if_contains("type");
    if (type != nullptr && *type != "function") return bad_field(path + ".type", "\"function\"");
    call["type"] = "function";
    EAI_TRY(json::object* const function, object_at(call, "function", path));
    if (function == nullptr) {
      return fail_about(path + ".function", Code::invalid, "the field '" + path + ".function' is missing");
    }
    EAI_CHECK(need_text(*function, "name", path + ".function"));
    return check_arguments(*function, path + ".function.arguments");
  }

  // JSON in a string; what a call without arguments says differs between servers.
  static Result<void> check_arguments(json::object& function, const std::string& path) {
    json::value& arguments = function["arguments"];
    if (arguments.is_null()) arguments = "{}";
    if (arguments.is_object()) arguments = json::serialize(arguments);
    if (!arguments.is_string()) return bad_field(path, "a string that contains a JSON object");
    const json::string& text = arguments.get_string();
    if (view(text).find_first_not_of(" \t\r\n") == std::string_view::npos) {
      arguments = "{}";
      return {};
    }
    json::error_code error;
    const json::value parsed = json::parse(text, error);
    if (error || !parsed.is_object()) return bad_field(path, "a string that contains a JSON object");
    return {};
  }

  static Result<void> check_calls(json::object& message, const std::string& path) {
    json::value* calls = message.if_contains("tool_calls");
    if (calls == nullptr) return {};
    if (!calls->is_array()) return bad_field(path + ".tool_calls", "a list");
    json::array& list = calls->get_array();
    for (std::size_t i = 0; i < list.size(); ++i) EAI_CHECK(check_call(list[i], path_at(path + ".tool_calls", i)));
    if (list.empty()) message.erase("tool_calls");
    return {};
  }

  Result<void> check_content(json::object& message, std::string_view role, const std::string& path) {
    json::value* content = message.if_contains("content");
    if (content == nullptr) {
      if (const json::value* refusal = message.if_contains("refusal")) {
        json::value text = *refusal;
        message["content"] = std::move(text);
      } else if (role == "assistant" || role == "tool") {
        message["content"] = "";
      } else {
        return fail_about(path + ".content", Code::invalid, "the field '" + path + ".content' is missing");
      }
      return {};
    }
    if (content->is_string()) return {};
    if (!content->is_array()) return bad_field(path + ".content", "a string or a list of parts");
    json::array& parts = content->get_array();
    for (std::size_t i = 0; i < parts.size(); ++i) EAI_CHECK(check_part(parts[i], path_at(path + ".content", i)));
    if (parts.empty()) *content = "";
    return {};
  }

  Result<void> check_part(json::value& value, const std::string& path) {
    if (value.is_string()) {  // some clients send a list of texts
      json::value text = std::move(value);
      value = json::object{{"type", "text"}, {"text", std::move(text)}};
      return {};
    }
    if (!value.is_object()) return bad_field(path, "an object");
    json::object& part = value.get_object();
    EAI_CHECK(need_text(part, "type", path));
    const std::string type(view(part["type"].get_string()));
    if (type == "text" || type == "input_text" || type == "output_text") {
      EAI_CHECK(need_text(part, "text", path));
      part["type"] = "text";
      return {};
    }
    if (type == "refusal") {
      EAI_CHECK(need_text(part, "refusal", path));
      json::value text = part["refusal"];
      part = json::object{{"type", "text"}, {"text", std::move(text)}};
      return {};
    }
    if (type == "image_url" || type == "input_image") return check_picture(part, path);
    if (type == "input_audio") return check_sound(part, path);
    static constexpr std::array<std::string_view, 5> k_known = {"file", "input_file", "video_url", "input_video",
                                                                "audio_url"};
    const bool known = std::find(k_known.begin(), k_known.end(), type) != k_known.end();
    return fail_about(path + ".type", Code::invalid,
                      known ? "films, files and sounds by address are not taken: '" + path + "' is of the type " + type
                            : "the field '" + path + ".type' is '" + printable(type, 60) +
                                  "'; a part is text, image_url or input_audio");
  }

  Result<void> check_picture(json::object& part, const std::string& path) {
    json::value* address = part.if_contains("image_url");
    const std::string where = path + ".image_url";
    if (address == nullptr) return fail_about(where, Code::invalid, "the field '" + where + "' is missing");
    if (address->is_string()) {
      json::value url = std::move(*address);
      *address = json::object{{"url", std::move(url)}};
    }
    if (!address->is_object()) return bad_field(where, "an object with 'url'");
    EAI_CHECK(need_text(address->get_object(), "url", where));
    part["type"] = "image_url";
    facts_.pictures.push_back({&part["image_url"].get_object()["url"], where});
    return {};
  }

  // Only inside the request: an address is something that the engine would open from inside this machine.
  static Result<void> check_sound(const json::object& part, const std::string& path) {
    const std::string where = path + ".input_audio";
    const json::value* sound = part.if_contains("input_audio");
    if (sound == nullptr || !sound->is_object()) return bad_field(where, "an object with 'data' and 'format'");
    EAI_CHECK(need_text(sound->get_object(), "data", where));
    if (sound->get_object().contains("url") || view(sound->at("data").get_string()).find(':') < 16) {
      return fail_about(where, Code::invalid,
                        "sound is not fetched by address; send it inside the request, in base64, as 'data'");
    }
    return {};
  }

  ChatFacts& facts_;
};

Result<void> check_messages(json::object& body, ChatFacts& facts) {
  json::value* messages = body.if_contains("messages");
  if (messages == nullptr) return fail_about("messages", Code::invalid, "the field 'messages' is missing");
  json::array& list = messages->get_array();
  if (list.empty()) return fail_about("messages", Code::invalid, "the field 'messages' is empty");
  Messages checker(facts);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!take_plain(list[i])) EAI_CHECK(checker.check(list[i], path_at("messages", i)));
  }
  return {};
}

Result<void> check_modalities(json::object& body) {
  const json::value* modalities = body.if_contains("modalities");
  if (modalities == nullptr) return {};
  for (const json::value& one : modalities->get_array()) {
    if (one != "text") {
      return fail_about("modalities", Code::invalid,
                        "the field 'modalities' may only have \"text\": models answer in text");
    }
  }
  body.erase("modalities");
  return {};
}

}  // namespace

Result<ChatFacts> check_chat(json::object& body, Ignored& ignored) {
  ChatFacts facts;
  EAI_CHECK(check_messages(body, facts));
  EAI_CHECK(check_modalities(body));
  EAI_CHECK(check_tools(body, facts, ignored));
  EAI_CHECK(check_sampling(body));
  return facts;
}

}  // namespace eai::api
