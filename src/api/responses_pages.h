// Why: what was answered in OpenAI's Responses can be had again, listed and deleted while it is kept.
// Thread: any.
// Source: OpenAI API reference, "Responses": "Get", "Delete", "List input items".
#pragma once

#include <string_view>

#include "api/responses_shelf.h"
#include "http/message.h"

namespace eai::api {

// GET and DELETE /v1/responses/{id}, GET /v1/responses/{id}/input_items?query. 404 for what is not kept, or is not the
// owner's.
http::Reply response_page(ResponsesShelf& shelf, std::string_view owner, std::string_view id);
http::Reply deletion_page(ResponsesShelf& shelf, std::string_view owner, std::string_view id);
http::Reply input_items_page(ResponsesShelf& shelf, std::string_view owner, std::string_view id,
                             std::string_view query);

}  // namespace eai::api
