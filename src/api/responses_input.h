// Why: the input of a response is what the request says, and what it refers to of earlier responses.
// Thread: any, one at a time.
// What holds: what comes from the shelf was checked when it was put there. Code::not_found is about the field that refers
// to what is not on the shelf, or no longer.
// Source: OpenAI API reference, "Create a model response": `input`, `previous_response_id`, `store`.
#pragma once

#include <string>

#include <boost/json.hpp>

#include "api/fields.h"
#include "api/responses_items.h"
#include "api/responses_shelf.h"
#include "util/result.h"

namespace eai::api {

// What a request may go on from, and what later ones may go on from.
struct Memory {
  ResponsesShelf* shelf = nullptr;  // null: there is none
  std::string owner = {};
  // Afterwards:
  bool keeps = false;     // whether the response is to be put on the shelf
  ShelfItems input = {};  // if so, what it goes on from and what it was given
};

// `input` and `previous_response_id` of a request become messages.
Result<void> add_input(boost::json::object& body, Memory& memory, ItemMessages& messages, Ignored& ignored);

}  // namespace eai::api
