// OpenAI's count of a response's input tokens.
#include <new>

#include "api/json_read.h"
#include "api/responses_request.h"
#include "api/translation.h"

namespace eai::api {
namespace {

namespace json = boost::json;

class ResponseCount final : public Translation {
 public:
  ResponseCount(ResponsesShelf* shelf, std::string owner) : memory_{shelf, std::move(owner)} {}

  Result<void> to_chat(json::object& body, Ignored& ignored) override {
    body.erase("stream");
    try {
      return response_to_chat(body, memory_, ignored, origins_);
    } catch (const std::bad_alloc&) {  // the tree of a request has only so much memory
      return fail_about("input", Code::invalid, "the field 'input' has too many values");
    }
  }

  Result<std::string> whole(std::string_view counted) override {
    json::error_code failure;
    const json::value parsed = json::parse(counted, failure);
    const json::object* object = failure ? nullptr : parsed.if_object();
    const json::value* tokens = object == nullptr ? nullptr : member(*object, "input_tokens");
    if (tokens == nullptr || !tokens->is_int64()) return fail(Code::network, "the engine has not counted the tokens");
    return json::serialize(json::object{{"object", "response.input_tokens"}, {"input_tokens", *tokens}});
  }

  // A count is not streamed.
  std::string events(std::string_view /*chunk*/) override { return {}; }
  std::string finish() override { return {}; }
  std::string failure(const Error& /*error*/) override { return {}; }

 private:
  Memory memory_;
};

}  // namespace

std::unique_ptr<Translation> make_response_count_translation(ResponsesShelf* shelf, std::string owner) {
  return std::make_unique<ResponseCount>(shelf, std::move(owner));
}

}  // namespace eai::api
