// What is asked of the drawing of tokens, and the form of the answer.
#include <algorithm>

#include "api/grammar_bounds.h"
#include "api/json_read.h"
#include "api/request_forms.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_stop_limit = 1024;   // bytes of a stop word
constexpr std::size_t k_breaker_limit = 64;  // bytes of a sequence breaker
constexpr std::size_t k_sampler_limit = 32;  // names, or letters of a chain

// A schema inside { "name", "schema" }, as OpenAI has it.
Result<void> check_schema(const json::object& in, std::string_view name, const std::string& path, bool needed) {
  const json::value* schema = in.if_contains(name);
  const std::string where = path + "." + std::string(name);
  if (schema == nullptr && needed) return fail_about(where, Code::invalid, "the field '" + where + "' is missing");
  if (schema == nullptr) return {};
  if (!schema->is_object()) return bad_field(where, "a JSON schema, which is an object");
  return check_schema_size(*schema, where);
}

Result<void> check_response_format(json::object& body) {
  const json::value* format = body.if_contains("response_format");
  if (format == nullptr) return {};
  const json::object& inside = format->get_object();
  const json::value* type = inside.if_contains("type");
  const bool known = type != nullptr && (*type == "text" || *type == "json_object" || *type == "json_schema");
  if (!known) return bad_field("response_format.type", "\"text\", \"json_object\" or \"json_schema\"");
  if (*type == "text") {
    body.erase("response_format");
    return {};
  }
  if (*type == "json_object") return check_schema(inside, "schema", "response_format", false);
  const json::value* wrapper = inside.if_contains("json_schema");
  if (wrapper == nullptr || !wrapper->is_object()) {
    return bad_field("response_format.json_schema", "an object with 'name' and 'schema'");
  }
  return check_schema(wrapper->get_object(), "schema", "response_format.json_schema", true);
}

Result<void> check_logit_bias(const json::object& body) {
  const json::value* bias = body.if_contains("logit_bias");
  if (bias == nullptr) return {};
  for (const auto& [token, value] : bias->get_object()) {
    const auto number = parse_u64({token.data(), token.size()});
    if (!number || *number > 0x7fffffff) return bad_field("logit_bias", "an object whose keys are token ids");
    const bool ban = value.is_bool() && !value.get_bool();
    if (!ban && (!value.is_number() || std::abs(value.to_number<double>()) > 1000)) {
      return bad_field("logit_bias." + std::string(token), "a number from -1000 to 1000, or false");
    }
  }
  return {};
}

Result<void> check_words(json::object& body, std::string_view field, std::size_t limit) {
  json::value* words = body.if_contains(field);
  if (words == nullptr) return {};
  if (words->is_string()) {
    json::value word = std::move(*words);
    *words = json::array{std::move(word)};
  }
  const json::array& list = words->get_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::string* word = list[i].if_string();
    if (word == nullptr || word->size() > limit || word->empty()) {
      return bad_field(path_at(field, i), "a string of 1 to " + std::to_string(limit) + " bytes");
    }
  }
  return {};
}

Result<void> check_samplers(const json::object& body) {
  const json::value* samplers = body.if_contains("samplers");
  if (samplers == nullptr) return {};
  constexpr std::string_view k_must = "a list of names, or their letters";
  if (const json::string* letters = samplers->if_string()) {
    if (letters->size() > k_sampler_limit) return bad_field("samplers", k_must);
    return {};
  }
  if (!samplers->is_array() || samplers->get_array().size() > k_sampler_limit) return bad_field("samplers", k_must);
  for (const json::value& name : samplers->get_array()) {
    if (!name.is_string()) return bad_field("samplers", k_must);
  }
  return {};
}

Result<void> check_lora(const json::object& body) {
  const json::value* lora = body.if_contains("lora");
  if (lora == nullptr) return {};
  const json::array& list = lora->get_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::object* one = list[i].if_object();
    const json::value* id = one != nullptr ? one->if_contains("id") : nullptr;
    const json::value* scale = one != nullptr ? one->if_contains("scale") : nullptr;
    const bool good = id != nullptr && id->is_int64() && (scale == nullptr || scale->is_number());
    if (!good) return bad_field(path_at("lora", i), "an object with 'id' and 'scale'");
  }
  return {};
}

Result<void> check_stream_options(json::object& body) {
  json::value* options = body.if_contains("stream_options");
  if (options == nullptr) return {};
  const json::value* usage = options->get_object().if_contains("include_usage");
  if (usage != nullptr && !usage->is_bool()) return bad_field("stream_options.include_usage", "true or false");
  return {};
}

}  // namespace

Result<void> check_sampling(json::object& body) {
  EAI_CHECK(check_words(body, "stop", k_stop_limit));
  EAI_CHECK(check_words(body, "dry_sequence_breakers", k_breaker_limit));
  EAI_CHECK(check_words(body, "response_fields", k_stop_limit));
  EAI_CHECK(check_response_format(body));
  EAI_CHECK(check_logit_bias(body));
  EAI_CHECK(check_samplers(body));
  EAI_CHECK(check_lora(body));
  EAI_CHECK(check_stream_options(body));
  const json::value* schema = body.if_contains("json_schema");
  const json::value* grammar = body.if_contains("grammar");
  if (schema != nullptr && !schema->is_object()) return bad_field("json_schema", "a JSON schema, which is an object");
  if (schema != nullptr) EAI_CHECK(check_schema_size(*schema, "json_schema"));
  if (schema != nullptr && grammar != nullptr) {
    return fail_about("grammar", Code::invalid, "'grammar' and 'json_schema' cannot be used together");
  }
  if (grammar != nullptr)
    EAI_CHECK(check_grammar({grammar->get_string().data(), grammar->get_string().size()}, "grammar"));
  const json::value* continued = body.if_contains("continue_final_message");
  if (continued != nullptr && !continued->is_bool() && !continued->is_string()) {
    return bad_field("continue_final_message", "true, false or a string");
  }
  return {};
}

}  // namespace eai::api
