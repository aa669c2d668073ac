// Texts and tokens to continue, to embed, to rank and to count.
#include "api/json_read.h"
#include "api/request_forms.h"

namespace eai::api {
namespace {

namespace json = boost::json;

bool is_token(const json::value& value) {
  const std::int64_t* number = value.if_int64();
  return number != nullptr && *number >= 0 && *number <= 0x7fffffff;  // an engine would wrap a larger one around
}

constexpr std::string_view k_token = "a token id, a whole number from 0 to 2147483647";

Result<void> check_tokens(const json::array& tokens, const std::string& path) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!is_token(tokens[i])) return bad_field(path_at(path, i), k_token);
  }
  return {};
}

Failure empty(const std::string& path) { return fail_about(path, Code::invalid, "the field '" + path + "' is empty"); }

Failure too_many(const std::string& field) {
  return fail_about(field, Code::invalid,
                    "the field '" + field + "' has more than " + std::to_string(k_most_texts) + " entries");
}

// One prompt of several: a text or a list of tokens, all of the same kind.
Result<void> check_prompts(const json::array& list, const std::string& field) {
  const bool texts = list.front().is_string();
  if (list.size() > k_most_texts) return too_many(field);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = path_at(field, i);
    if (texts && !list[i].is_string()) return bad_field(path, "a string like the first entry");
    if (texts) continue;
    if (!list[i].is_array()) return bad_field(path, "a list of tokens like the first entry");
    if (list[i].get_array().empty()) return empty(path);
    EAI_CHECK(check_tokens(list[i].get_array(), path));
  }
  return {};
}

Result<void> check_mixed(const json::array& list, const std::string& field) {
  std::size_t texts = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].is_string() && ++texts > k_most_texts) return too_many(field);
    if (!list[i].is_string() && !is_token(list[i])) return bad_field(path_at(field, i), "a string or a token id");
  }
  return {};
}

Result<void> check_texts(const json::array& list, const std::string& field) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_string()) return bad_field(path_at(field, i), "a string");
  }
  return {};
}

Failure missing(std::string_view field) {
  return fail_about(std::string(field), Code::invalid, "the field '" + std::string(field) + "' is missing");
}

}  // namespace

Result<void> check_prompt(const json::object& body, std::string_view field, bool mixed) {
  const std::string name(field);
  const json::value* prompt = body.if_contains(field);
  if (prompt == nullptr) return missing(field);
  if (prompt->is_string()) return {};
  if (!prompt->is_array()) return bad_field(field, "a string, a list of strings or a list of tokens");
  const json::array& list = prompt->get_array();
  if (list.empty()) return empty(name);
  const json::value& first = list.front();
  if (first.is_string() && !mixed) return check_prompts(list, name);
  if (first.is_array()) return check_prompts(list, name);
  if (mixed) return check_mixed(list, name);
  if (first.is_number()) return check_tokens(list, name);
  return bad_field(path_at(field, 0), "a string, a token id or a list of token ids");
}

Result<void> check_rerank(json::object& body) {
  const json::value* query = body.if_contains("query");
  if (query == nullptr) return missing("query");
  const std::string_view field = body.contains("texts") ? "texts" : "documents";
  json::value* documents = body.if_contains(field);
  if (documents == nullptr) return missing(field);
  json::array& list = documents->get_array();
  if (list.empty()) return empty(std::string(field));
  for (json::value& document : list) {  // {"text": …}, as some clients send them
    json::object* object = document.if_object();
    json::value* text = object != nullptr ? object->if_contains("text") : nullptr;
    if (text == nullptr) continue;
    json::value moved = std::move(*text);
    document = std::move(moved);
  }
  return check_texts(list, std::string(field));
}

Result<void> check_detokenize(const json::object& body) {
  const json::value* tokens = body.if_contains("tokens");
  if (tokens == nullptr) return missing("tokens");
  return check_tokens(tokens->get_array(), "tokens");
}

Result<void> check_infill(const json::object& body) {
  for (const char* field : {"input_prefix", "input_suffix"}) {
    if (!body.contains(field)) return missing(field);
  }
  const json::value* extra = body.if_contains("input_extra");
  if (extra == nullptr) return {};
  const json::array& list = extra->get_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::object* one = list[i].if_object();
    const bool good = one != nullptr && one->contains("text") && one->at("text").is_string() &&
                      (!one->contains("filename") || one->at("filename").is_string());
    if (!good) return bad_field(path_at("input_extra", i), "an object with 'filename' and 'text'");
  }
  return {};
}

}  // namespace eai::api
