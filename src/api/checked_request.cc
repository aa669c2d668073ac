#include "api/checked_request.h"

#include <algorithm>
#include <array>
#include <new>

#include "api/field_tables.h"

namespace eai::api {
namespace {

namespace json = boost::json;

Result<void> check_table(const Endpoint& endpoint, json::object& body, Ignored& ignored) {
  const auto with = [&](FieldTable own, FieldTable also = {}, FieldTable third = {}) {
    const std::array tables = {own, also, third};
    return check_fields(body, tables, ignored);
  };
  switch (endpoint.form) {
    case Form::chat:
      return with(k_drawing_fields, k_chat_fields, k_sampling_fields);
    case Form::completion:
      return with(k_drawing_fields, k_completion_fields, k_sampling_fields);
    case Form::infill:
      return with(k_drawing_fields, k_infill_fields, k_sampling_fields);
    case Form::response:
      return with(k_response_fields, k_sampling_fields);
    case Form::message:
      return with(k_message_fields, k_sampling_fields);
    case Form::embedding:
      return with(k_embedding_fields);
    case Form::rerank:
      return with(k_rerank_fields);
    case Form::tokenize:
      return with(k_tokenize_fields);
    case Form::detokenize:
      return with(k_detokenize_fields);
  }
  return {};
}

// An API that engines do not speak becomes a chat request.
Result<void> translate(const Endpoint& endpoint, const Caller& caller, CheckedRequest& request) {
  if (endpoint.form == Form::completion && request.body().contains("logprobs"))
    request.translation = make_completions_translation();
  if (endpoint.form == Form::response) {
    request.translation = endpoint.counts ? make_response_count_translation(caller.shelf, caller.owner)
                                          : make_responses_translation(caller.shelf, caller.owner);
  }
  if (endpoint.form == Form::message)
    request.translation = endpoint.counts ? make_count_translation() : make_messages_translation();
  if (!request.translation) return {};
  return request.translation->to_chat(request.body(), request.ignored);
}

Result<void> check_form(const Endpoint& endpoint, CheckedRequest& request) {
  json::object& body = request.body();
  switch (endpoint.form) {
    case Form::chat:
    case Form::response:
    case Form::message: {
      EAI_TRY(request.chat, check_chat(body, request.ignored));
      return {};
    }
    case Form::completion:
      EAI_CHECK(check_prompt(body, "prompt", true));
      return check_sampling(body);
    case Form::infill:
      EAI_CHECK(check_infill(body));
      return check_sampling(body);
    case Form::embedding:
      return check_prompt(body, "input", false);
    case Form::tokenize:
      return check_prompt(body, "content", true);
    case Form::rerank:
      return check_rerank(body);
    case Form::detokenize:
      return check_detokenize(body);
  }
  return {};
}

Result<void> take_model(CheckedRequest& request) {
  const json::value* model = request.body().if_contains("model");
  if (model == nullptr) return {};
  if (!model->is_string()) return bad_field("model", "a string");
  const json::string& name = model->get_string();
  request.model.emplace(name.data(), std::min(name.size(), k_model_name_limit));
  return {};
}

// What is honoured here, and not by the engine.
void take_dimensions(CheckedRequest& request) {
  const json::value* dimensions = request.body().if_contains("dimensions");
  if (dimensions == nullptr) return;
  request.dimensions = dimensions->to_number<std::size_t>();
  request.body().erase("dimensions");
}

Result<void> check_all(const Endpoint& endpoint, const Caller& caller, CheckedRequest& request) {
  json::object& body = request.body();
  erase_nulls(body);
  EAI_CHECK(check_table(endpoint, body, request.ignored));
  EAI_CHECK(take_model(request));
  const json::value* stream = body.if_contains("stream");
  request.stream = stream != nullptr && stream->get_bool() && !endpoint.counts;
  take_dimensions(request);
  EAI_CHECK(translate(endpoint, caller, request));
  Result<void> checked = check_form(endpoint, request);
  if (!request.translation) return checked;
  const Origins& origins = request.translation->origins();
  if (!checked) return Failure(origins.told(std::move(checked).error()));
  for (PictureSpot& picture : request.chat.pictures) picture.path = origins.of(picture.path);
  return {};
}

}  // namespace

Result<CheckedRequest> check_request(const Endpoint& endpoint, std::string text, const Caller& caller) {
  CheckedRequest out;
  EAI_TRY(out.tree, JsonTree::parse(std::move(text)));
  try {
    EAI_CHECK(check_all(endpoint, caller, out));
  } catch (const std::bad_alloc&) {  // a tree has only so much memory
    return fail(Code::invalid, "the body has too many values");
  }
  return out;
}

}  // namespace eai::api
