// Why: what a request of OpenAI's Responses says beside its input has another form in a chat request.
// Thread: any; pure functions.
// What holds: a member without effect here is noted by its path ("tools[1]", "text.verbosity"). Code::invalid is about the
// field at fault.
// Source: OpenAI API reference, "Create a model response".
#pragma once

#include <boost/json.hpp>

#include "api/fields.h"
#include "api/origins.h"
#include "util/result.h"

namespace eai::api {

// `tools` and `tool_choice`. Tools that are not functions are left out; a choice of some of the tools leaves only those.
Result<void> to_chat_tools(boost::json::object& body, Ignored& ignored, Origins& origins);

// `text` becomes `response_format`.
Result<void> to_chat_format(boost::json::object& body, Ignored& ignored, Origins& origins);

// `reasoning` becomes `reasoning_effort`.
Result<void> to_chat_reasoning(boost::json::object& body, Ignored& ignored);

// `include` and `top_logprobs` become `logprobs` and `top_logprobs`. Returns whether the answer has them.
Result<bool> to_chat_logprobs(boost::json::object& body, Ignored& ignored);

}  // namespace eai::api
