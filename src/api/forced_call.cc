#include "api/forced_call.h"

#include <boost/json.hpp>

#include "api/api_error.h"
#include "api/random_name.h"
#include "http/sse.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::string_view k_rule =
    "You must call exactly one of these tools. Answer with a JSON object that has \"name\", the tool's name, and "
    "\"arguments\", an object that follows the tool's parameters. The tools are:";

// What a schema refers to by "#/$defs/…" must stand at the root of the whole schema.
void hoist(json::object& parameters, json::object& root) {
  for (const char* name : {"$defs", "definitions"}) {
    json::value* found = parameters.if_contains(name);
    if (found == nullptr || !found->is_object()) continue;
    if (!root.contains(name)) root[name] = json::object();
    for (auto& [key, value] : found->get_object()) root[name].get_object().insert_or_assign(key, value);
    parameters.erase(name);
  }
}

json::object schema_of(const json::array& tools) {
  json::object root;
  json::array calls;
  for (const json::value& tool : tools) {
    const json::object& function = tool.at("function").get_object();
    json::object parameters{{"type", "object"}};
    if (const json::value* given = function.if_contains("parameters")) parameters = given->get_object();
    if (parameters.empty()) parameters["type"] = "object";
    hoist(parameters, root);
    json::object properties{{"name", {{"const", function.at("name")}}}, {"arguments", std::move(parameters)}};
    calls.emplace_back(json::object{{"type", "object"},
                                    {"properties", std::move(properties)},
                                    {"required", {"name", "arguments"}},
                                    {"additionalProperties", false}});
  }
  if (calls.size() == 1) {
    for (auto& [key, value] : calls.front().get_object()) root.insert_or_assign(key, value);
  } else {
    root["anyOf"] = std::move(calls);
  }
  return root;
}

// The tools, in words, in the system message.
void tell_model(json::array& messages, const json::array& tools) {
  std::string rule(k_rule);
  for (const json::value& tool : tools) rule += "\n" + json::serialize(tool.at("function"));
  json::object& first = messages.front().get_object();
  if (first.at("role") == "system" && first.at("content").is_string()) {
    const json::string& said = first.at("content").get_string();
    first["content"] = std::string(said.data(), said.size()) + "\n\n" + rule;
    return;
  }
  messages.insert(messages.begin(), json::object{{"role", "system"}, {"content", rule}});
}

// A call as a chat has it; nothing if the text is not whole.
std::optional<json::object> call_in(std::string_view text) {
  json::error_code error;
  const json::value parsed = json::parse({text.data(), text.size()}, error);
  const json::object* call = error ? nullptr : parsed.if_object();
  const json::value* name = call != nullptr ? call->if_contains("name") : nullptr;
  const json::value* arguments = call != nullptr ? call->if_contains("arguments") : nullptr;
  if (name == nullptr || arguments == nullptr) return std::nullopt;
  return json::object{{"id", "call_" + random_name()},
                      {"type", "function"},
                      {"function", {{"name", *name}, {"arguments", json::serialize(*arguments)}}}};
}

class ForcedCall final : public Translation {
 public:
  explicit ForcedCall(std::unique_ptr<Translation> inner) : inner_(std::move(inner)) {}

  Result<void> to_chat(json::object&, Ignored&) override { return {}; }

  Result<std::string> whole(std::string_view completion) override {
    json::error_code error;
    json::value answer = json::parse({completion.data(), completion.size()}, error);
    if (error || !answer.is_object()) return fail(Code::network, "the engine's answer is not a chat completion");
    if (json::value* choices = answer.get_object().if_contains("choices"); choices != nullptr && choices->is_array()) {
      for (json::value& choice : choices->get_array()) call_of(choice);
    }
    const std::string text = json::serialize(answer);
    return inner_ ? inner_->whole(text) : Result<std::string>(text);
  }

  std::string events(std::string_view chunk) override {
    json::error_code error;
    json::value value = json::parse({chunk.data(), chunk.size()}, error);
    json::value* choices = value.is_object() ? value.get_object().if_contains("choices") : nullptr;
    if (choices == nullptr || !choices->is_array()) return told(std::string(chunk));
    for (json::value& choice : choices->get_array()) keep_text(choice);
    return told(json::serialize(value));
  }

  std::string finish() override { return inner_ ? inner_->finish() : http::sse_event({"[DONE]"}); }
  std::string failure(const Error& error) override { return inner_ ? inner_->failure(error) : error_event(error); }

 private:
  std::string told(std::string chunk) { return inner_ ? inner_->events(chunk) : http::sse_event({std::move(chunk)}); }

  static void call_of(json::value& choice) {
    json::object* object = choice.if_object();
    json::value* message = object != nullptr ? object->if_contains("message") : nullptr;
    json::value* content =
        message != nullptr && message->is_object() ? message->get_object().if_contains("content") : nullptr;
    if (content == nullptr || !content->is_string()) return;
    auto call = call_in({content->get_string().data(), content->get_string().size()});
    if (!call) return;
    *content = nullptr;
    message->get_object()["tool_calls"] = json::array{*std::move(call)};
    (*object)["finish_reason"] = "tool_calls";
    forget_tokens(*object);
  }

  // The probabilities are those of a text, which a call is not any more.
  static void forget_tokens(json::object& choice) {
    if (choice.contains("logprobs")) choice["logprobs"] = nullptr;
  }

  // What a stream has said of a choice so far.
  struct Held {
    std::string text;
    json::array tokens;  // with their probabilities, if these are asked for
  };

  static void keep_tokens(json::object& choice, json::array& tokens) {
    json::value* told = choice.if_contains("logprobs");
    json::object* inside = told != nullptr ? told->if_object() : nullptr;
    json::value* content = inside != nullptr ? inside->if_contains("content") : nullptr;
    if (content == nullptr || !content->is_array()) return;
    for (json::value& token : content->get_array()) tokens.push_back(std::move(token));
    *told = nullptr;
  }

  // The text of a stream is held back until it is a whole call.
  void keep_text(json::value& value) {
    json::object* choice = value.if_object();
    if (choice == nullptr) return;
    const json::value* at = choice->if_contains("index");
    const auto index = at != nullptr && at->is_int64() ? static_cast<std::size_t>(at->get_int64()) : 0;
    if (index > k_choices) return;
    if (index >= held_.size()) held_.resize(index + 1);
    auto& [text, tokens] = held_[index];
    keep_tokens(*choice, tokens);
    json::value* delta = choice->if_contains("delta");
    if (delta == nullptr || !delta->is_object()) return;
    json::object& said = delta->get_object();
    if (const json::value* content = said.if_contains("content"); content != nullptr && content->is_string()) {
      text.append(content->get_string().data(), content->get_string().size());
      said.erase("content");
    }
    const json::value* reason = choice->if_contains("finish_reason");
    if (reason == nullptr || reason->is_null()) return;
    if (auto call = call_in(text)) {
      (*call)["index"] = 0;
      said["tool_calls"] = json::array{*std::move(call)};
      (*choice)["finish_reason"] = "tool_calls";
    } else {
      said["content"] = text;
      if (!tokens.empty()) (*choice)["logprobs"] = json::object{{"content", std::move(tokens)}};
    }
    held_[index] = {};
  }

  static constexpr std::size_t k_choices = 128;
  std::unique_ptr<Translation> inner_;
  std::vector<Held> held_;  // of each choice
};

}  // namespace

std::unique_ptr<Translation> force_call(json::object& body, std::unique_ptr<Translation> inner) {
  const json::array& tools = body.at("tools").get_array();
  json::object schema = schema_of(tools);
  tell_model(body.at("messages").get_array(), tools);
  for (const char* field : {"tools", "tool_choice", "parallel_tool_calls"}) body.erase(field);
  json::object format{{"type", "json_schema"}, {"json_schema", {{"name", "call"}, {"schema", std::move(schema)}}}};
  body["response_format"] = std::move(format);
  return std::make_unique<ForcedCall>(std::move(inner));
}

}  // namespace eai::api
