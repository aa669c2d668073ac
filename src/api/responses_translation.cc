// OpenAI's Responses, from the request to the last event of the answer.
#include <new>
#include <optional>

#include "api/json_read.h"
#include "api/responses_events.h"
#include "api/responses_request.h"
#include "api/translation.h"

namespace eai::api {
namespace {

namespace json = boost::json;

// An engine's own error object.
Error error_in(const json::object& chunk) {
  const json::object* error = object_in(chunk, "error");
  const std::string_view message = error == nullptr ? std::string_view() : text_in(*error, "message");
  const std::int64_t code = error == nullptr ? 0 : whole_in(*error, "code");
  return Error{code >= 400 && code < 500 ? Code::invalid : Code::network,
               message.empty() ? "the engine gave up" : std::string(message)};
}

class ResponsesTranslation final : public Translation {
 public:
  ResponsesTranslation(ResponsesShelf* shelf, std::string owner) : memory_{shelf, std::move(owner)} {}

  Result<void> to_chat(json::object& body, Ignored& ignored) override {
    const json::value* stream = member(body, "stream");
    const bool streams = stream != nullptr && *stream == true;
    const json::value* store = member(body, "store");
    memory_.keeps = memory_.shelf != nullptr && (store == nullptr || *store == true);
    json::object response = empty_response(body);
    try {
      EAI_CHECK(response_to_chat(body, memory_, ignored, origins_));
    } catch (const std::bad_alloc&) {  // the tree of a request has only so much memory
      return fail_about("input", Code::invalid, "the field 'input' has too many values");
    }
    response["store"] = memory_.keeps;
    answer_.emplace(std::move(response), streams ? ResponseEvents::Wanted::events : ResponseEvents::Wanted::answer);
    return {};
  }

  Result<std::string> whole(std::string_view completion) override {
    json::error_code failure;
    const json::value parsed = json::parse(completion, failure);
    const json::object* object = failure ? nullptr : parsed.if_object();
    if (object == nullptr) return fail(Code::network, "the engine's answer is not a JSON object");
    answer_->take(*object);
    EAI_CHECK(answer_->finish());
    std::string text = json::serialize(answer_->response());
    keep(text);
    return text;
  }

  std::string events(std::string_view chunk) override {
    json::error_code failure;
    const json::value parsed = json::parse(chunk, failure);
    const json::object* object = failure ? nullptr : parsed.if_object();
    if (object == nullptr) {
      answer_->fail({Code::network, "the engine sent an event that is not a JSON object"});
    } else if (member(*object, "error") != nullptr) {
      answer_->fail(error_in(*object));
    } else {
      answer_->take(*object);
    }
    return answer_->take_events();
  }

  std::string finish() override {
    if (answer_->ended()) return {};
    if (auto finished = answer_->finish(); !finished) {
      answer_->fail(finished.error());
    } else if (memory_.keeps) {
      keep(json::serialize(answer_->response()));
    }
    return answer_->take_events();
  }

  std::string failure(const Error& error) override {
    answer_->fail(error);
    return answer_->take_events();
  }

 private:
  void keep(std::string text) {
    if (!memory_.keeps) return;
    const json::object& response = answer_->response();
    KeptResponse kept{std::string(text_in(response, "id")), std::move(text), std::move(memory_.input), {}};
    for (const json::value& item : response.at("output").get_array()) {
      std::string id(text_in(item.get_object(), "id"));
      kept.output.push_back(std::make_shared<const ShelfItem>(ShelfItem{std::move(id), json::serialize(item)}));
    }
    memory_.shelf->put(memory_.owner, std::move(kept));
  }

  Memory memory_;
  std::optional<ResponseEvents> answer_;  // from to_chat() on
};

}  // namespace

std::unique_ptr<Translation> make_responses_translation(ResponsesShelf* shelf, std::string owner) {
  return std::make_unique<ResponsesTranslation>(shelf, std::move(owner));
}

}  // namespace eai::api
