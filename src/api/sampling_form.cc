// What is asked of the drawing of tokens, and the form of the answer.
#include <algorithm>
#include <array>
#include <cmath>

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

// A check of a field that is there says whether it stays: what asks for the usual goes.
using Stays = Result<bool>;

Stays check_response_format(const json::object&, json::value& format) {
  const json::object& inside = format.get_object();
  const json::value* type = inside.if_contains("type");
  const bool known = type != nullptr && (*type == "text" || *type == "json_object" || *type == "json_schema");
  if (!known) return bad_field("response_format.type", "\"text\", \"json_object\" or \"json_schema\"");
  if (*type == "text") return false;
  if (*type == "json_object") {
    EAI_CHECK(check_schema(inside, "schema", "response_format", false));
    return true;
  }
  const json::value* wrapper = inside.if_contains("json_schema");
  if (wrapper == nullptr || !wrapper->is_object()) {
    return bad_field("response_format.json_schema", "an object with 'name' and 'schema'");
  }
  EAI_CHECK(check_schema(wrapper->get_object(), "schema", "response_format.json_schema", true));
  return true;
}

Stays check_logit_bias(const json::object&, json::value& bias) {
  for (const auto& [token, value] : bias.get_object()) {
    const auto number = parse_u64({token.data(), token.size()});
    if (!number || *number > 0x7fffffff) return bad_field("logit_bias", "an object whose keys are token ids");
    const bool ban = value.is_bool() && !value.get_bool();
    if (!ban && (!value.is_number() || std::abs(value.to_number<double>()) > 1000)) {
      return bad_field("logit_bias." + std::string(token), "a number from -1000 to 1000, or false");
    }
  }
  return true;
}

Stays check_words(std::string_view field, json::value& words, std::size_t limit) {
  if (words.is_string()) {
    json::value word = std::move(words);
    words = json::array{std::move(word)};
  }
  const json::array& list = words.get_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::string* word = list[i].if_string();
    if (word == nullptr || word->size() > limit || word->empty()) {
      return bad_field(path_at(field, i), "a string of 1 to " + std::to_string(limit) + " bytes");
    }
  }
  return true;
}

Stays check_stop(const json::object&, json::value& words) { return check_words("stop", words, k_stop_limit); }
Stays check_breakers(const json::object&, json::value& words) {
  return check_words("dry_sequence_breakers", words, k_breaker_limit);
}
Stays check_response_fields(const json::object&, json::value& names) {
  return check_words("response_fields", names, k_stop_limit);
}

Stays check_samplers(const json::object&, json::value& samplers) {
  constexpr std::string_view k_must = "a list of names, or their letters";
  if (const json::string* letters = samplers.if_string()) {
    if (letters->size() > k_sampler_limit) return bad_field("samplers", k_must);
    return true;
  }
  if (!samplers.is_array() || samplers.get_array().size() > k_sampler_limit) return bad_field("samplers", k_must);
  for (const json::value& name : samplers.get_array()) {
    if (!name.is_string()) return bad_field("samplers", k_must);
  }
  return true;
}

Stays check_lora(const json::object&, json::value& lora) {
  const json::array& list = lora.get_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::object* one = list[i].if_object();
    const json::value* id = one != nullptr ? one->if_contains("id") : nullptr;
    const json::value* scale = one != nullptr ? one->if_contains("scale") : nullptr;
    const bool good = id != nullptr && id->is_int64() && (scale == nullptr || scale->is_number());
    if (!good) return bad_field(path_at("lora", i), "an object with 'id' and 'scale'");
  }
  return true;
}

Stays check_stream_options(const json::object&, json::value& options) {
  const json::value* usage = options.get_object().if_contains("include_usage");
  if (usage != nullptr && !usage->is_bool()) return bad_field("stream_options.include_usage", "true or false");
  return true;
}

Stays check_json_schema(const json::object& body, json::value& schema) {
  if (!schema.is_object()) return bad_field("json_schema", "a JSON schema, which is an object");
  EAI_CHECK(check_schema_size(schema, "json_schema"));
  if (body.contains("grammar")) {
    return fail_about("grammar", Code::invalid, "'grammar' and 'json_schema' cannot be used together");
  }
  return true;
}

Stays check_grammar_text(const json::object&, json::value& grammar) {
  EAI_CHECK(check_grammar(text_of(&grammar), "grammar"));
  return true;
}

Stays check_continued(const json::object&, json::value& continued) {
  if (!continued.is_bool() && !continued.is_string()) {
    return bad_field("continue_final_message", "true, false or a string");
  }
  return true;
}

struct FieldCheck {
  std::string_view field;
  Stays (*check)(const json::object& body, json::value& value);
};

constexpr std::array k_checks = {FieldCheck{"stop", check_stop},
                                 FieldCheck{"stream_options", check_stream_options},
                                 FieldCheck{"response_format", check_response_format},
                                 FieldCheck{"json_schema", check_json_schema},
                                 FieldCheck{"grammar", check_grammar_text},
                                 FieldCheck{"logit_bias", check_logit_bias},
                                 FieldCheck{"samplers", check_samplers},
                                 FieldCheck{"dry_sequence_breakers", check_breakers},
                                 FieldCheck{"lora", check_lora},
                                 FieldCheck{"response_fields", check_response_fields},
                                 FieldCheck{"continue_final_message", check_continued}};

}  // namespace

Result<void> check_sampling(json::object& body) {
  for (auto at = body.begin(); at != body.end();) {
    const std::string_view key(at->key().data(), at->key().size());
    const auto known = std::ranges::find(k_checks, key, &FieldCheck::field);
    bool stays = true;
    if (known != k_checks.end()) {
      EAI_TRY(stays, known->check(body, at->value()));
    }
    at = stays ? at + 1 : body.stable_erase(at);
  }
  return {};
}

}  // namespace eai::api
