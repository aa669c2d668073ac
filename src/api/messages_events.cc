// The events of a stream.
#include <cmath>

#include <boost/json.hpp>

#include "api/api_error.h"
#include "api/engine_error.h"
#include "api/messages_answer.h"
#include "api/messages_answer_parts.h"
#include "http/sse.h"

namespace eai::api {
namespace {

namespace json = boost::json;

// Clients take a stream that says nothing for a dead one.
std::string progress_comment(const json::object& progress) {
  const std::int64_t total = count_in(progress, "total");
  const std::int64_t read = count_in(progress, "processed");
  std::string out = "reading the prompt";
  if (total > 0) out += ", " + std::to_string(read * 100 / total) + " %";
  return http::sse_comment(out);
}

}  // namespace

std::string MessageEvents::take(std::string_view chunk) {
  if (failed_) return {};
  json::error_code error;
  const json::value parsed = json::parse(chunk, error);
  const json::object* object = error ? nullptr : parsed.if_object();
  if (object == nullptr) return failure(Error{Code::network, "the engine's answer is not what it should be"});
  if (object->contains("error")) return failure(read_engine_error(500, chunk, false).error);
  if (const json::object* progress = object_in(*object, "prompt_progress")) {
    if (begun_) return {};
    usage_ = message_usage(count_in(*progress, "total"), count_in(*progress, "cache"), 0);
    return progress_comment(*progress);
  }
  out_.clear();
  if (!begun_) begin(*object);
  if (std::string stop = stop_sequence_in(*object, stops_); !stop.empty()) stop_sequence_ = std::move(stop);
  if (const json::object* usage = object_in(*object, "usage")) usage_ = message_usage(*usage);
  const json::array* choices = array_in(*object, "choices");
  const json::object* choice = choices != nullptr && !choices->empty() ? choices->front().if_object() : nullptr;
  if (choice != nullptr) {
    if (const json::object* delta = object_in(*choice, "delta")) take_delta(*delta);
    if (const std::string_view why = text_in(*choice, "finish_reason"); !why.empty()) {
      finish_reason_ = why;
      close();
    }
  }
  return std::move(out_);
}

std::string MessageEvents::finish() {
  if (failed_) return {};
  if (finish_reason_.empty()) return failure(Error{Code::network, "the engine ended its answer early"});
  out_.clear();
  const std::string_view reason = stop_reason_of(finish_reason_, stop_sequence_);
  json::object delta{{"stop_reason", reason}, {"stop_sequence", nullptr}};
  if (reason == "stop_sequence") delta["stop_sequence"] = stop_sequence_;
  send("message_delta", {{"delta", std::move(delta)}, {"usage", usage_}});
  send("message_stop", {});
  return std::move(out_);
}

std::string MessageEvents::failure(const Error& error) {
  failed_ = true;
  return error_event(error, Style::anthropic);
}

void MessageEvents::begin(const json::object& chunk) {
  begun_ = true;
  if (usage_.empty()) usage_ = message_usage(0, 0, 0);
  json::object message{{"id", message_id(text_in(chunk, "id"))},
                       {"type", "message"},
                       {"role", "assistant"},
                       {"model", text_in(chunk, "model")},
                       {"content", json::array()},
                       {"stop_reason", nullptr},
                       {"stop_sequence", nullptr},
                       {"usage", usage_}};
  send("message_start", {{"message", std::move(message)}});
}

void MessageEvents::take_delta(const json::object& delta) {
  if (const std::string_view piece = text_in(delta, "reasoning_content"); !piece.empty()) {
    open(Block::thinking, {{"type", "thinking"}, {"thinking", ""}, {"signature", ""}});
    tell("thinking_delta", "thinking", piece);
  }
  if (const std::string_view piece = text_in(delta, "content"); !piece.empty()) {
    open(Block::text, {{"type", "text"}, {"text", ""}});
    tell("text_delta", "text", piece);
  }
  if (const json::array* calls = array_in(delta, "tool_calls")) {
    for (const json::value& call : *calls) {
      if (call.is_object()) take_call(call.get_object());
    }
  }
}

void MessageEvents::take_call(const json::object& call) {
  const json::object* function = object_in(call, "function");
  const std::int64_t number = count_in(call, "index");
  if (open_ == Block::tool_use && number != call_) close();
  call_ = number;
  open(Block::tool_use, {{"type", "tool_use"},
                         {"id", text_in(call, "id")},
                         {"name", function != nullptr ? text_in(*function, "name") : std::string_view()},
                         {"input", json::object()}});
  if (function == nullptr) return;
  if (const std::string_view piece = text_in(*function, "arguments"); !piece.empty())
    tell("input_json_delta", "partial_json", piece);
}

void MessageEvents::open(Block kind, json::object content) {
  if (open_ == kind) return;
  close();
  open_ = kind;
  send("content_block_start", {{"index", index_}, {"content_block", std::move(content)}});
}

void MessageEvents::tell(std::string_view type, std::string_view member, std::string_view piece) {
  send("content_block_delta", {{"index", index_}, {"delta", json::object{{"type", type}, {member, piece}}}});
}

void MessageEvents::close() {
  if (open_ == Block::none) return;
  if (open_ == Block::thinking) tell("signature_delta", "signature", "");  // clients retell no thought without one
  open_ = Block::none;
  send("content_block_stop", {{"index", index_++}});
}

void MessageEvents::send(std::string_view type, json::object event) {
  json::object whole{{"type", type}};
  for (auto& [key, value] : event) whole.emplace(key, std::move(value));
  out_ += http::sse_event({.data = json::serialize(whole), .event = type});
}

}  // namespace eai::api
