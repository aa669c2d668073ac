#include "api/field_tables.h"

#include <array>

#include "api/request_forms.h"
#include "util/bytes.h"

namespace eai::api {
namespace {

constexpr double k_int = std::numeric_limits<std::int32_t>::max();  // engines count in 32 bits
constexpr double k_any_text = 64.0 * k_mib;                         // a body has no more
constexpr double k_short_text = 256;                                // bytes
constexpr double k_any_list = 1'000'000;
constexpr double k_messages = 4096;  // a chat template takes a second for more

constexpr Field any(std::string_view name) { return {name, Use::honoured, Shape::any}; }
constexpr Field flag(std::string_view name) { return {name, Use::honoured, Shape::flag}; }
constexpr Field ignored(std::string_view name) { return {name, Use::ignored}; }
constexpr Field refused(std::string_view name, std::string_view words) {
  Field out{name, Use::refused};
  out.words = words;
  return out;
}
constexpr Field number(std::string_view name, double least, double most) {
  return {name, Use::honoured, Shape::number, least, most};
}
constexpr Field whole(std::string_view name, double least, double most) {
  return {name, Use::honoured, Shape::whole, least, most};
}
constexpr Field text(std::string_view name, double most = k_any_text) {
  return {name, Use::honoured, Shape::text, 0, most};
}
constexpr Field texts(std::string_view name, double most) { return {name, Use::honoured, Shape::texts, 0, most}; }
constexpr Field list(std::string_view name, double most) { return {name, Use::honoured, Shape::list, 0, most}; }
constexpr Field object(std::string_view name, double most = k_any_list) {
  return {name, Use::honoured, Shape::object, 0, most};
}
constexpr Field choice(std::string_view name, std::string_view words) {
  Field out{name, Use::honoured, Shape::choice};
  out.words = words;
  return out;
}
constexpr Field clamped(Field field) {
  field.clamped = true;
  return field;
}
constexpr Field meaning(Field field, std::string_view meant) {
  field.meant = meant;
  return field;
}

constexpr std::string_view k_stateless =
    "this server keeps no conversations; go on with 'previous_response_id', or send all of it in 'input'";

constexpr std::array k_chat = {
    list("messages", k_messages),
    object("stream_options", 16),
    clamped(whole("max_completion_tokens", -1, k_int)),
    whole("n", 1, 128),
    flag("logprobs"),
    whole("top_logprobs", 0, 100),
    list("tools", 256),
    any("tool_choice"),
    flag("parallel_tool_calls"),
    object("response_format", 16),
    text("reasoning_effort", k_short_text),
    list("modalities", 8),
    // llama.cpp's own
    object("chat_template_kwargs", 64),
    flag("add_generation_prompt"),
    any("continue_final_message"),
    choice("reasoning_format", "none|auto|deepseek|deepseek-legacy"),
    clamped(whole("reasoning_budget_tokens", -1, k_int)),
    clamped(whole("thinking_budget_tokens", -1, k_int)),
    text("reasoning_budget_message", 4096),
    ignored("metadata"),
    ignored("moderation"),
    ignored("prediction"),
    ignored("prompt_cache_key"),
    ignored("prompt_cache_options"),
    ignored("prompt_cache_retention"),
    ignored("safety_identifier"),
    ignored("service_tier"),
    ignored("store"),
    ignored("verbosity"),
    refused("audio", "the served models answer in text"),
    refused("functions", "it is the old form of 'tools', which is"),
    refused("function_call", "it is the old form of 'tool_choice', which is"),
    refused("web_search_options", "the server does not search the web"),
};

// What OpenAI's APIs that draw tokens have in common.
constexpr std::array k_drawing = {
    any("model"),
    flag("stream"),
    number("temperature", 0, 100),
    number("top_p", 0, 1),
    clamped(whole("max_tokens", -1, k_int)),
    texts("stop", 64),
    whole("seed", -9.3e18, 1.9e19),
    number("frequency_penalty", -10, 10),
    number("presence_penalty", -10, 10),
    object("logit_bias", 4096),
    ignored("user"),
};

constexpr std::array k_completion = {
    any("prompt"),
    object("stream_options", 16),
    whole("n", 1, 128),
    whole("logprobs", 0, 100),
    refused("best_of", "ask for several answers with 'n' and choose one"),
    refused("echo", "the answer does not repeat the prompt"),
    refused("suffix", "POST /infill fills a gap, with 'input_prefix' and 'input_suffix'"),
};

constexpr std::array k_infill = {
    text("input_prefix"),
    text("input_suffix"),
    list("input_extra", 1024),
    text("prompt"),
};

constexpr std::array k_sampling = {
    clamped(whole("n_predict", -1, k_int)),
    clamped(whole("top_k", 0, k_int)),
    number("min_p", 0, 1),
    number("typical_p", 0, 1),
    meaning(number("typical", 0, 1), "typical_p"),
    number("top_n_sigma", -1, 1000),
    number("xtc_probability", 0, 1),
    number("xtc_threshold", 0, 1),
    number("dynatemp_range", 0, 100),
    number("dynatemp_exponent", 0, 100),
    clamped(whole("repeat_last_n", 0, k_penalty_window)),
    number("repeat_penalty", 0, 100),
    meaning(number("repetition_penalty", 0, 100), "repeat_penalty"),
    number("dry_multiplier", 0, 100),
    number("dry_base", 0, 100),
    clamped(whole("dry_allowed_length", 0, k_int)),
    clamped(whole("dry_penalty_last_n", 0, k_penalty_window)),
    list("dry_sequence_breakers", 16),
    whole("mirostat", 0, 2),
    number("mirostat_tau", 0, 1000),
    number("mirostat_eta", 0, 1000),
    number("adaptive_target", -1e30, 1),
    number("adaptive_decay", 0, 0.99),
    clamped(whole("min_keep", 0, 100'000)),
    whole("n_probs", 0, 100),
    flag("post_sampling_probs"),
    any("samplers"),
    flag("ignore_eos"),
    clamped(whole("n_keep", -1, k_int)),
    clamped(whole("n_discard", 0, k_int)),
    clamped(whole("n_indent", 0, 4096)),
    clamped(whole("t_max_predict_ms", -1, 9e15)),
    flag("cache_prompt"),
    clamped(whole("n_cache_reuse", 0, k_int)),
    flag("timings_per_token"),
    flag("return_tokens"),
    flag("return_progress"),
    list("response_fields", 64),
    text("grammar", 64.0 * k_kib),
    any("json_schema"),
    list("lora", 64),
};

constexpr std::array k_response = {
    any("model"),
    any("input"),
    text("instructions"),
    flag("stream"),
    number("temperature", 0, 100),
    number("top_p", 0, 1),
    clamped(whole("max_output_tokens", 1, k_int)),
    object("reasoning", 16),
    object("text", 16),
    list("tools", 256),
    any("tool_choice"),
    flag("parallel_tool_calls"),
    list("include", 64),
    whole("top_logprobs", 0, 20),
    object("metadata", 16),
    flag("store"),
    text("previous_response_id", k_short_text),
    choice("truncation", "auto|disabled"),
    object("chat_template_kwargs", 64),
    ignored("access_programs"),
    ignored("background_options"),
    ignored("context_management"),
    ignored("image"),
    ignored("max_tool_calls"),
    ignored("moderation"),
    ignored("prompt_cache_key"),
    ignored("prompt_cache_options"),
    ignored("prompt_cache_retention"),
    ignored("safety_identifier"),
    ignored("service_tier"),
    ignored("stream_options"),
    ignored("user"),
    flag("background"),
    refused("conversation", k_stateless),
    refused("prompt", "this server keeps no prompts; send the text in 'instructions' and 'input'"),
};

constexpr std::array k_message = {
    any("model"),
    list("messages", k_messages),
    any("system"),
    flag("stream"),
    whole("max_tokens", 1, k_int),
    texts("stop_sequences", 64),
    number("temperature", 0, 100),
    clamped(whole("top_k", 0, k_int)),
    number("top_p", 0, 1),
    list("tools", 256),
    object("tool_choice", 16),
    object("thinking", 16),
    object("output_config", 16),
    object("output_format", 16),
    object("chat_template_kwargs", 64),
    ignored("betas"),
    ignored("billing_policy"),
    ignored("cache_control"),
    ignored("compaction"),
    ignored("context_management"),
    ignored("diagnostics"),
    ignored("fallback_credit_token"),
    ignored("fallbacks"),
    ignored("inference_geo"),
    ignored("metadata"),
    ignored("service_tier"),
    ignored("speed"),
    ignored("user_profile_id"),
    ignored("workspace_id"),
    refused("container", "the server runs no code"),
    refused("mcp_servers", "the server calls no tools itself; give their definitions in 'tools'"),
    refused("thread", "this server keeps no conversations; send all of it in 'messages'"),
};

constexpr std::array k_embedding = {
    any("model"),
    any("input"),
    whole("dimensions", 1, 1'000'000),
    choice("encoding_format", "float|base64"),
    whole("embd_normalize", -1, 1000),
    ignored("user"),
};

constexpr std::array k_rerank = {
    any("model"),
    text("query"),
    list("documents", k_most_texts),
    list("texts", k_most_texts),
    whole("top_n", 1, k_int),
    flag("return_text"),
    ignored("return_documents"),
    ignored("user"),
};

constexpr std::array k_tokenize = {
    any("model"), any("content"), flag("add_special"), flag("parse_special"), flag("with_pieces"),
};

constexpr std::array k_detokenize = {
    any("model"),
    list("tokens", k_any_list),
};

}  // namespace

const FieldTable k_chat_fields = k_chat;
const FieldTable k_drawing_fields = k_drawing;
const FieldTable k_completion_fields = k_completion;
const FieldTable k_infill_fields = k_infill;
const FieldTable k_sampling_fields = k_sampling;
const FieldTable k_response_fields = k_response;
const FieldTable k_message_fields = k_message;
const FieldTable k_embedding_fields = k_embedding;
const FieldTable k_rerank_fields = k_rerank;
const FieldTable k_tokenize_fields = k_tokenize;
const FieldTable k_detokenize_fields = k_detokenize;

}  // namespace eai::api
