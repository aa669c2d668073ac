#include "api/responses_output.h"

#include "api/json_read.h"

namespace eai::api {
namespace {

namespace json = boost::json;

json::object logprob_of(const json::object& token) {
  json::object out;
  out["token"] = text_in(token, "token");
  const json::value* logprob = token.if_contains("logprob");
  out["logprob"] = logprob != nullptr && logprob->is_number() ? *logprob : json::value(0.0);
  const json::value* bytes = token.if_contains("bytes");
  out["bytes"] = bytes != nullptr && bytes->is_array() ? *bytes : json::value(json::array());
  return out;
}

}  // namespace

json::object json_of(const OutputPart& part) {
  switch (part.kind) {
    case OutputPart::Kind::refusal:
      return {{"type", "refusal"}, {"refusal", part.text}};
    case OutputPart::Kind::thoughts:
      return {{"type", "reasoning_text"}, {"text", part.text}};
    case OutputPart::Kind::words:
      break;
  }
  json::object out{{"type", "output_text"}, {"text", part.text}};
  out["annotations"] = json::array();
  out["logprobs"] = part.logprobs;
  return out;
}

json::object json_of(const OutputItem& item) {
  json::object out{{"id", item.id}};
  if (item.kind == OutputItem::Kind::call) {
    out["type"] = "function_call";
    out["status"] = item.status;
    out["call_id"] = item.call_id;
    out["name"] = item.name;
    out["arguments"] = item.arguments;
    return out;
  }
  json::array parts;
  for (const OutputPart& part : item.parts) parts.push_back(json_of(part));
  const bool message = item.kind == OutputItem::Kind::message;
  out["type"] = message ? "message" : "reasoning";
  out["status"] = item.status;
  if (message) {
    out["role"] = "assistant";
  } else {
    out["summary"] = json::array();
    out["encrypted_content"] = nullptr;
  }
  out["content"] = std::move(parts);
  return out;
}

json::array logprobs_of(const json::object& choice) {
  json::array out;
  const json::object* logprobs = object_in(choice, "logprobs");
  const json::value* tokens = logprobs == nullptr ? nullptr : member(*logprobs, "content");
  if (tokens == nullptr || !tokens->is_array()) return out;
  for (const json::value& token : tokens->get_array()) {
    if (!token.is_object()) continue;
    json::object made = logprob_of(token.get_object());
    json::array others;
    const json::value* top = member(token.get_object(), "top_logprobs");
    if (top != nullptr && top->is_array()) {
      for (const json::value& other : top->get_array())
        if (other.is_object()) others.push_back(logprob_of(other.get_object()));
    }
    made["top_logprobs"] = std::move(others);
    out.push_back(std::move(made));
  }
  return out;
}

void keep_those_of(std::string_view text, json::array& logprobs) {
  std::string all;
  for (const json::value& token : logprobs) all += text_in(token.get_object(), "token");
  const std::size_t begin = all.rfind(text);
  if (begin == std::string::npos) return;
  json::array kept;
  std::size_t at = 0;
  for (json::value& token : logprobs) {
    const std::size_t end = at + text_in(token.get_object(), "token").size();
    if (end > begin && at < begin + text.size()) kept.push_back(std::move(token));
    at = end;
  }
  logprobs = std::move(kept);
}

json::object response_usage(const json::object& usage) {
  const json::object* input = object_in(usage, "prompt_tokens_details");
  const json::object* output = object_in(usage, "completion_tokens_details");
  json::object out;
  out["input_tokens"] = whole_in(usage, "prompt_tokens");
  out["input_tokens_details"] = json::object{
      {"cached_tokens", input == nullptr ? 0 : whole_in(*input, "cached_tokens")}, {"cache_write_tokens", 0}};
  out["output_tokens"] = whole_in(usage, "completion_tokens");
  out["output_tokens_details"] =
      json::object{{"reasoning_tokens", output == nullptr ? 0 : whole_in(*output, "reasoning_tokens")}};
  out["total_tokens"] = whole_in(usage, "total_tokens");
  return out;
}

}  // namespace eai::api
