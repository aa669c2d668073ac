#include "api/responses_events.h"

#include <chrono>

#include "api/api_error.h"
#include "api/json_read.h"
#include "api/random_name.h"
#include "http/sse.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_none = static_cast<std::size_t>(-1);
constexpr std::size_t k_message_limit = 4000;  // bytes

std::string_view prefix_of(OutputItem::Kind kind) {
  switch (kind) {
    case OutputItem::Kind::message:
      return "msg_";
    case OutputItem::Kind::reasoning:
      return "rs_";
    case OutputItem::Kind::call:
      return "fc_";
  }
  return {};
}

// "response.output_text" and the like, before ".delta" and ".done".
std::string event_of(OutputPart::Kind kind) {
  switch (kind) {
    case OutputPart::Kind::words:
      return "response.output_text";
    case OutputPart::Kind::refusal:
      return "response.refusal";
    case OutputPart::Kind::thoughts:
      return "response.reasoning_text";
  }
  return {};
}

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

ResponseEvents::ResponseEvents(json::object response, Wanted wanted)
    : response_(std::move(response)), tells_(wanted == Wanted::events), current_(k_none) {
  response_["created_at"] = seconds_now();
  response_["status"] = "in_progress";
}

void ResponseEvents::begin() {
  if (begun_) return;
  begun_ = true;
  tell_response("response.created");
  tell_response("response.in_progress");
}

void ResponseEvents::take(const json::object& completion) {
  if (ended_) return;
  if (!begun_) {
    if (const std::int64_t created = whole_in(completion, "created"); created > 0) response_["created_at"] = created;
    if (const std::string_view model = text_in(completion, "model"); !model.empty()) response_["model"] = model;
    begin();
  }
  if (const json::object* usage = object_in(completion, "usage")) response_["usage"] = response_usage(*usage);
  const json::value* choices = member(completion, "choices");
  if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) return;
  if (const json::object* choice = choices->get_array().front().if_object()) take_choice(*choice);
}

void ResponseEvents::take_choice(const json::object& choice) {
  json::array logprobs = logprobs_of(choice);
  if (const json::object* delta = object_in(choice, "delta")) take_delta(*delta, std::move(logprobs));
  if (const json::object* message = object_in(choice, "message")) {
    keep_those_of(text_in(*message, "content"), logprobs);
    take_delta(*message, std::move(logprobs));
  }
  if (const std::string_view reason = text_in(choice, "finish_reason"); !reason.empty()) finish_reason_ = reason;
}

void ResponseEvents::take_delta(const json::object& delta, json::array logprobs) {
  const std::string_view thoughts = text_in(delta, "reasoning_content");
  const std::string_view words = text_in(delta, "content");
  const std::string_view refusal = text_in(delta, "refusal");
  const json::value* calls = member(delta, "tool_calls");
  const bool others = !thoughts.empty() || !refusal.empty() || calls != nullptr;
  for (json::value& token : logprobs) waiting_logprobs_.push_back(std::move(token));
  if (!thoughts.empty()) add_text(OutputPart::Kind::thoughts, thoughts, {});
  if (!words.empty()) add_text(OutputPart::Kind::words, words, waiting_logprobs_);
  if (!words.empty() || others) waiting_logprobs_.clear();
  if (!refusal.empty()) add_text(OutputPart::Kind::refusal, refusal, {});
  if (calls == nullptr || !calls->is_array()) return;
  for (std::size_t i = 0; i < calls->get_array().size(); ++i) {
    if (const json::object* call = calls->get_array()[i].if_object()) take_call(*call, i);
  }
}

void ResponseEvents::add_text(OutputPart::Kind kind, std::string_view text, json::array logprobs) {
  const auto item_kind = kind == OutputPart::Kind::thoughts ? OutputItem::Kind::reasoning : OutputItem::Kind::message;
  if (current_ == k_none || items_[current_].kind != item_kind) {
    close_current();
    open_item(item_kind);
  }
  if (items_[current_].parts.empty() || items_[current_].parts.back().kind != kind) open_part(kind);
  OutputPart& part = items_[current_].parts.back();
  part.text += text;
  part.logprobs.insert(part.logprobs.end(), logprobs.begin(), logprobs.end());
  json::object event = place_of(current_);
  event["content_index"] = items_[current_].parts.size() - 1;
  event["delta"] = text;
  if (kind == OutputPart::Kind::words) event["logprobs"] = std::move(logprobs);
  tell(event_of(kind) + ".delta", std::move(event));
}

void ResponseEvents::take_call(const json::object& call, std::size_t position) {
  const json::value* given = member(call, "index");
  const std::int64_t index =
      given != nullptr && given->is_int64() ? given->get_int64() : static_cast<std::int64_t>(position);
  const auto [found, fresh] = calls_.try_emplace(index, items_.size());
  const std::size_t at = found->second;
  if (fresh) {
    close_current();
    OutputItem& made = items_.emplace_back();
    made.kind = OutputItem::Kind::call;
    made.id = std::string(prefix_of(made.kind)) + random_name();
  }
  OutputItem& item = items_[at];
  if (item.call_id.empty()) item.call_id = text_in(call, "id");
  const json::object* function = object_in(call, "function");
  if (function == nullptr) return;
  if (!item.announced) item.name += text_in(*function, "name");
  const std::string_view more = text_in(*function, "arguments");
  if (item.name.empty()) {  // an item cannot be announced without its name
    item.arguments += more;
    return;
  }
  add_arguments(at, more);
}

void ResponseEvents::add_arguments(std::size_t at, std::string_view more) {
  OutputItem& item = items_[at];
  std::string news(more);
  if (!item.announced) {
    news.insert(0, item.arguments);
    item.arguments.clear();
    announce(at);
  }
  if (news.empty()) return;
  item.arguments += news;
  json::object event = place_of(at);
  event["delta"] = news;
  tell("response.function_call_arguments.delta", std::move(event));
}

void ResponseEvents::open_item(OutputItem::Kind kind) {
  OutputItem& item = items_.emplace_back();
  item.kind = kind;
  item.id = std::string(prefix_of(kind)) + random_name();
  current_ = items_.size() - 1;
  announce(current_);
}

void ResponseEvents::announce(std::size_t at) {
  OutputItem& item = items_[at];
  if (item.kind == OutputItem::Kind::call && item.call_id.empty()) item.call_id = "call_" + random_name();
  item.announced = true;
  tell("response.output_item.added", {{"output_index", at}, {"item", json_of(item)}});
}

void ResponseEvents::open_part(OutputPart::Kind kind) {
  close_part();
  OutputItem& item = items_[current_];
  OutputPart& part = item.parts.emplace_back();
  part.kind = kind;
  json::object event = place_of(current_);
  event["content_index"] = item.parts.size() - 1;
  event["part"] = json_of(part);
  tell("response.content_part.added", std::move(event));
}

void ResponseEvents::close_part() {
  const OutputItem& item = items_[current_];
  if (item.parts.empty()) return;
  const OutputPart& part = item.parts.back();
  json::object event = place_of(current_);
  event["content_index"] = item.parts.size() - 1;
  json::object text = event;
  text[part.kind == OutputPart::Kind::refusal ? "refusal" : "text"] = part.text;
  if (part.kind == OutputPart::Kind::words) text["logprobs"] = part.logprobs;
  tell(event_of(part.kind) + ".done", std::move(text));
  event["part"] = json_of(part);
  tell("response.content_part.done", std::move(event));
}

void ResponseEvents::close_current() {
  if (current_ != k_none) close_item(current_, "completed");
}

void ResponseEvents::close_item(std::size_t at, std::string_view status) {
  OutputItem& item = items_[at];
  if (item.kind == OutputItem::Kind::call) {
    const bool nothing = item.arguments.find_first_not_of(" \t\r\n") == std::string::npos;
    add_arguments(at, nothing ? "{}" : "");
    json::object event = place_of(at);
    event["name"] = item.name;
    event["arguments"] = item.arguments;
    tell("response.function_call_arguments.done", std::move(event));
  } else {
    close_part();
    current_ = k_none;
  }
  item.done = true;
  item.status = status;
  tell("response.output_item.done", {{"output_index", at}, {"item", json_of(item)}});
}

Result<void> ResponseEvents::finish() {
  if (ended_) return {};
  if (finish_reason_.empty()) return eai::fail(Code::network, "the engine's answer ended too early");
  for (const OutputItem& item : items_) {
    if (!item.announced) return eai::fail(Code::network, "the engine called a tool without saying its name");
  }
  const bool cut = finish_reason_ == "length" || finish_reason_ == "content_filter";
  if (items_.empty()) {
    open_item(OutputItem::Kind::message);
    open_part(OutputPart::Kind::words);
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (!items_[i].done) close_item(i, cut && i + 1 == items_.size() ? "incomplete" : "completed");
  }
  put_output();
  response_["status"] = cut ? "incomplete" : "completed";
  if (cut) {
    const bool length = finish_reason_ == "length";
    response_["incomplete_details"] = json::object{{"reason", length ? "max_output_tokens" : "content_filter"}};
  } else {
    response_["completed_at"] = seconds_now();
  }
  tell_response(cut ? "response.incomplete" : "response.completed");
  ended_ = true;
  return {};
}

void ResponseEvents::fail(const Error& error) {
  if (ended_) return;
  begin();
  const std::string message = printable(words_of(error), k_message_limit);
  const json::value about = error.about.empty() ? json::value(nullptr) : json::value(error.about);
  tell("error", {{"code", name_of(error.code)}, {"message", message}, {"param", about}});
  put_output();
  response_["status"] = "failed";
  response_["error"] =
      json::object{{"code", error.code == Code::invalid ? "invalid_prompt" : "server_error"}, {"message", message}};
  tell_response("response.failed");
  ended_ = true;
}

void ResponseEvents::put_output() {
  json::array output;
  for (const OutputItem& item : items_) {
    if (item.announced) output.push_back(json_of(item));
  }
  response_["output"] = std::move(output);
}

json::object ResponseEvents::place_of(std::size_t at) const {
  json::object out;
  out["item_id"] = items_[at].id;
  out["output_index"] = at;
  return out;
}

void ResponseEvents::tell_response(std::string_view type) { tell(type, {{"response", response_}}); }

void ResponseEvents::tell(std::string_view type, json::object fields) {
  if (!tells_) return;
  json::object event;
  event["type"] = type;
  event["sequence_number"] = number_++;
  for (auto& [key, value] : fields) event[key] = std::move(value);
  const std::string data = json::serialize(event);
  events_ += http::sse_event({.data = data, .event = type});
}

std::string ResponseEvents::take_events() {
  std::string out = std::move(events_);
  events_.clear();
  return out;
}

}  // namespace eai::api
