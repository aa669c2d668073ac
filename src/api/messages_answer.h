// Why: what an engine has answered to a chat is told as Anthropic's Messages API tells it, whole or in events.
// Thread: any; pure functions, and one object per stream.
// What holds: the blocks of an answer are numbered from 0, one is open at a time, and each ends before the message does.
// A stream tells how long its prompt was in its first event, and all counts in its last but one.
// Source: Anthropic API reference, "Messages", "Streaming" and "Fine-grained tool streaming" (INVALID_JSON); OpenAI API
// reference, "Chat completions"; llama.cpp's tools/server/server-task.cpp for "prompt_progress" and "__verbose".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "api/messages_request.h"
#include "util/result.h"

namespace eai::api {

// Code::network: it is not what an engine answers.
Result<std::string> message_of(std::string_view completion, const MessagesAsked& asked);
Result<std::string> count_of(std::string_view engine_answer);

class MessageEvents {
 public:
  explicit MessageEvents(StopSequences stops = {}) : stops_(std::move(stops)) {}

  // See Translation.
  std::string take(std::string_view chunk);
  std::string finish();
  std::string failure(const Error& error);

 private:
  enum class Block { none, thinking, text, tool_use };

  void begin(const boost::json::object& chunk);
  void take_delta(const boost::json::object& delta);
  void take_call(const boost::json::object& call);
  void open(Block kind, boost::json::object content);
  void tell(std::string_view type, std::string_view member, std::string_view piece);
  void close();
  void send(std::string_view type, boost::json::object event);

  StopSequences stops_;
  std::string out_;  // what the chunk at hand has become
  Block open_ = Block::none;
  std::int64_t index_ = 0;  // of the block that is open, or comes next
  std::int64_t call_ = -1;  // the engine's number of the call that is open
  bool begun_ = false, failed_ = false;
  boost::json::object usage_;  // Anthropic's
  std::string finish_reason_, stop_sequence_;
};

}  // namespace eai::api
