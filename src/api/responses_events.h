// Why: a chat completion, whole or in chunks, becomes a response of OpenAI's Responses and the events that tell of it.
// Thread: one at a time.
// What holds: what is told is told in OpenAI's order: an item is announced before its parts, a part before its text, and
// each is told once more when it is done. Calls stay open until the end, since chunks of several may alternate; of the
// other items, one is open at a time. After finish() or fail() nothing follows.
// Source: OpenAI API reference, "Responses", "Streaming events".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "api/responses_output.h"
#include "util/result.h"

namespace eai::api {

class ResponseEvents {
 public:
  enum class Wanted : std::uint8_t { answer, events };

  // `response` is the response object before anything is answered, with its id.
  ResponseEvents(boost::json::object response, Wanted wanted);

  // A "chat.completion" or a "chat.completion.chunk".
  void take(const boost::json::object& completion);
  // The answer is whole. Code::network if it is not: the engine has not said why it stopped.
  Result<void> finish();
  void fail(const Error& error);

  bool ended() const { return ended_; }
  std::string take_events();  // the text of those that are new
  const boost::json::object& response() const { return response_; }

 private:
  void begin();
  void take_choice(const boost::json::object& choice);
  void take_delta(const boost::json::object& delta, boost::json::array logprobs);
  void add_text(OutputPart::Kind kind, std::string_view text, boost::json::array logprobs);
  void take_call(const boost::json::object& call, std::size_t position);
  void add_arguments(std::size_t at, std::string_view more);

  void open_item(OutputItem::Kind kind);
  void open_part(OutputPart::Kind kind);
  void announce(std::size_t at);
  void close_part();
  void close_item(std::size_t at, std::string_view status);
  void close_current();

  boost::json::object place_of(std::size_t at) const;  // the fields that say which item it is about
  void tell(std::string_view type, boost::json::object fields);
  void tell_response(std::string_view type);
  void put_output();

  boost::json::object response_;
  const bool tells_;
  bool begun_ = false, ended_ = false;
  std::vector<OutputItem> items_;
  std::size_t current_;                        // the open item that is not a call, or k_none
  std::map<std::int64_t, std::size_t> calls_;  // the chunks' index of a call, and where it is in items_
  boost::json::array waiting_logprobs_;        // of tokens whose text is still to come
  std::string finish_reason_;
  std::string events_;
  std::int64_t number_ = 0;  // of the next event
};

}  // namespace eai::api
