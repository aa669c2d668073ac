// Why: `tool_choice` can demand that a tool is called. An engine only asks for that, and only of models whose chat
// template has tools, which may go on talking nevertheless. So it is done here, for every model: a grammar leaves the
// model nothing to say except a call of one of the tools, and its text becomes that call.
// Thread: one at a time; it belongs to one request.
// What holds: the call names one of the tools, and its arguments follow that tool's schema, unless the answer was cut
// by its length; then it stays text. A stream tells the call in one piece.
// Source: OpenAI API reference, "Function calling", `tool_choice`.
#pragma once

#include <memory>

#include "api/translation.h"

namespace eai::api {

// Puts the tools of a chat request that check_tools() has accepted into its messages, and a schema in their place.
// The result stands between the engine and `inner`, the translation into another API, if there is one.
std::unique_ptr<Translation> force_call(boost::json::object& body, std::unique_ptr<Translation> inner);

}  // namespace eai::api
