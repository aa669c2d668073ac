// Why: what an engine is asked, after everything that can be wrong with it has been looked at.
// Thread: any, one at a time per request; checking a large body takes time (see json_tree.h).
// What holds: the body has only fields of the endpoint's table, and no bounds that an engine could suffer from are
// exceeded. An engine gets this body, never the client's own bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/endpoint.h"
#include "api/json_tree.h"
#include "api/request_forms.h"
#include "api/translation.h"

namespace eai::api {

inline constexpr std::size_t k_model_name_limit = 512;  // bytes of the field `model` that are kept

struct CheckedRequest {
  JsonTree tree;
  std::unique_ptr<Translation> translation;  // none: engines speak this API themselves
  std::optional<std::string> model;          // as the request names it
  bool stream = false;
  std::size_t dimensions = 0;  // of the vectors that are wanted; 0: the model's own
  ChatFacts chat;
  Ignored ignored;  // for x-eai-ignored

  boost::json::object& body() { return tree.root(); }
};

// What a request may refer to.
struct Caller {
  ResponsesShelf* shelf = nullptr;  // null: nothing is kept
  std::string owner;                // whose responses they are
};

// Code::invalid is about the field at fault; Code::not_found: what it refers to is not kept.
Result<CheckedRequest> check_request(const Endpoint& endpoint, std::string body, const Caller& caller = {});

}  // namespace eai::api
