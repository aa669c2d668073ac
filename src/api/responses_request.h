// Why: a request of OpenAI's Responses becomes a chat request, and the answer repeats much of it.
// Thread: any, one at a time; for a large request it takes time.
// What holds: the body's fields have been checked against their table. Afterwards it has only fields of a chat request.
// What is returned has memory of its own. Code::invalid is about the field at fault.
// Source: OpenAI API reference, "Create a model response" and "The response object".
#pragma once

#include <boost/json.hpp>

#include "api/fields.h"
#include "api/origins.h"
#include "api/responses_input.h"
#include "util/result.h"

namespace eai::api {

// The response object as it is before anything is answered.
boost::json::object empty_response(const boost::json::object& body);

// Code::not_found about the field: it refers to what is not on the shelf.
Result<void> response_to_chat(boost::json::object& body, Memory& memory, Ignored& ignored, Origins& origins);

}  // namespace eai::api
