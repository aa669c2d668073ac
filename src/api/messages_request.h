// Why: a request to Anthropic's Messages API asks for what a chat request can ask for, in other words.
// Thread: any, one at a time per body.
// What holds: the body has been through check_fields(), and its nulls are erased. On success it consists of a chat's
// fields only. A failure leaves it half changed.
// Source: Anthropic API reference, "Messages", "Count tokens in a Message" and "Structured outputs"; OpenAI API
// reference, "Chat completions"; llama.cpp's tools/server/server-schema.cpp for "verbose", "response_fields" and
// "return_progress".
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "api/fields.h"
#include "api/origins.h"
#include "util/result.h"

namespace eai::api {

enum class MessagesFor { an_answer, a_count };

using StopSequences = std::vector<std::string>;

// What an answer depends on.
struct MessagesAsked {
  StopSequences stops;
  std::string prefill;  // the text that the answer continues, because the last message is an assistant's
};

// Code::invalid is about the field, by Anthropic's name.
Result<MessagesAsked> messages_to_chat(boost::json::object& body, MessagesFor what, Ignored& ignored, Origins& origins);

}  // namespace eai::api
