// Why: an answer in OpenAI's Responses is a list of items made of parts; this is what they look like.
// Thread: plain values and pure functions.
// Source: OpenAI API reference, "The response object"; the chat completion that it is made of: "The chat completion
// object".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace eai::api {

struct OutputPart {
  enum class Kind : std::uint8_t { words, refusal, thoughts };
  Kind kind = Kind::words;
  std::string text;
  boost::json::array logprobs;  // of the words
};

struct OutputItem {
  enum class Kind : std::uint8_t { message, reasoning, call };
  Kind kind = Kind::message;
  std::string id;
  std::string call_id, name, arguments;  // of a call
  std::vector<OutputPart> parts;         // of the others
  bool announced = false, done = false;
  std::string_view status = "in_progress";  // completed, incomplete
};

boost::json::object json_of(const OutputPart& part);
boost::json::object json_of(const OutputItem& item);

// Those of a choice of a chat completion, which has a token each.
boost::json::array logprobs_of(const boost::json::object& choice);
// Leaves those that the text is made of: an engine tells those of reasoning and calls too.
void keep_those_of(std::string_view text, boost::json::array& logprobs);

// `usage` of a chat completion.
boost::json::object response_usage(const boost::json::object& usage);

}  // namespace eai::api
