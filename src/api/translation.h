// Why: engines speak OpenAI's chat completions best, so the other APIs are translated: a request becomes a chat request,
// and the engine's answer becomes the API's. So every API has the same checks, and every answer the shape that its
// clients expect.
// Thread: one at a time; a translation belongs to one request and keeps what its answer repeats of it.
// What holds: what is sent on a stream is whole events. A stream that ends has been given its last events.
// Source: OpenAI API reference, "Responses" and "Streaming events"; Anthropic API reference, "Messages" and "Streaming".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "api/fields.h"
#include "api/origins.h"
#include "util/result.h"

namespace eai::api {

class ResponsesShelf;

class Translation {
 public:
  virtual ~Translation() = default;

  // Makes a body whose fields have been checked a chat request, whose own checks follow. Code::invalid is about the
  // field at fault, by its name in the API that the client uses ("input[2].content[0].type").
  virtual Result<void> to_chat(boost::json::object& body, Ignored& ignored) = 0;
  // What the client calls the fields of the chat request, once to_chat() has made it.
  const Origins& origins() const { return origins_; }

  // The answer to a request that is not streamed. `completion` is the engine's "chat.completion". Code::network: it is
  // not what an engine answers.
  virtual Result<std::string> whole(std::string_view completion) = 0;

  // The events that one chunk of the engine's stream becomes; `chunk` is the data of an event, "[DONE]" excluded. May be
  // empty.
  virtual std::string events(std::string_view chunk) = 0;
  // The events that end a stream after the engine's last chunk.
  virtual std::string finish() = 0;
  // The event that ends a stream that fails.
  virtual std::string failure(const Error& error) = 0;

 protected:
  Origins origins_;
};

std::unique_ptr<Translation> make_completions_translation();  // for those that ask for probabilities
// `shelf` has what the request may refer to, and gets the response; null: nothing is kept. It must outlive the
// translation. `owner` is whose responses they are (see responses_shelf.h).
std::unique_ptr<Translation> make_responses_translation(ResponsesShelf* shelf, std::string owner);
// Of OpenAI's count of a response's input tokens. Its chat request is for the engine's
// /v1/chat/completions/input_tokens, whose answer whole() takes.
std::unique_ptr<Translation> make_response_count_translation(ResponsesShelf* shelf, std::string owner);
std::unique_ptr<Translation> make_messages_translation();
// Of Anthropic's count of tokens. Its chat request is for the engine's /v1/chat/completions/input_tokens, whose answer
// whole() takes.
std::unique_ptr<Translation> make_count_translation();

}  // namespace eai::api
