#include "api/endpoint.h"

#include <array>

namespace eai::api {
namespace {

using model::Task;

constexpr std::array k_chat = {Task::chat};
constexpr std::array k_embed = {Task::embed};
constexpr std::array k_text = {Task::chat, Task::embed};

constexpr std::string_view k_chat_path = "/v1/chat/completions";
constexpr std::string_view k_count_path = "/v1/chat/completions/input_tokens";
constexpr std::string_view k_json = "application/json";
constexpr std::string_view k_maybe_streamed = "application/json, text/event-stream";

constexpr std::array k_endpoints = {
    Endpoint{k_chat_path, k_chat_path, "Continues a conversation.", k_chat, Form::chat, false, Style::openai,
             k_maybe_streamed},
    Endpoint{"/v1/completions", "/v1/completions", "Continues a text.", k_chat, Form::completion, false, Style::openai,
             k_maybe_streamed},
    Endpoint{"/v1/embeddings", "/v1/embeddings", "Turns texts into vectors.", k_embed, Form::embedding},
    Endpoint{"/v1/responses", k_chat_path, "Continues a conversation, in the form of OpenAI's Responses API.", k_chat,
             Form::response, false, Style::openai, k_maybe_streamed},
    Endpoint{"/v1/responses/input_tokens", k_count_path, "Counts the tokens of a conversation.", k_chat, Form::response,
             true},
    Endpoint{"/v1/messages", k_chat_path, "Continues a conversation, in the form of Anthropic's Messages API.", k_chat,
             Form::message, false, Style::anthropic, k_maybe_streamed},
    Endpoint{"/v1/messages/count_tokens", k_count_path, "Counts the tokens of a conversation.", k_chat, Form::message,
             true, Style::anthropic, k_json},
    Endpoint{"/v1/rerank", "/v1/rerank", "Orders texts by how well they fit a query.", k_embed, Form::rerank},
    Endpoint{"/tokenize", "/tokenize", "Turns a text into the model's tokens.", k_text, Form::tokenize},
    Endpoint{"/detokenize", "/detokenize", "Turns tokens back into text.", k_text, Form::detokenize},
    Endpoint{"/apply-template", "/apply-template", "Shows a conversation as the model sees it.", k_chat, Form::chat},
    Endpoint{"/infill", "/infill", "Fills a gap in a text.", k_chat, Form::infill, false, Style::openai,
             k_maybe_streamed},
};

}  // namespace

std::span<const Endpoint> endpoints() { return k_endpoints; }

}  // namespace eai::api
