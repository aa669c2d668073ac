// Why: the table of what is relayed to an engine: one row per path.
// Thread: any; constant data.
#pragma once

#include <span>
#include <string_view>

#include "api/api_error.h"
#include "api/body_scan.h"
#include "model/metadata.h"
#include "util/result.h"

namespace eai::api {

enum class Needs { nothing, messages, prompt, input };

struct Endpoint {
  std::string_view path;    // as clients call it, without "/v1"
  std::string_view target;  // as the engine calls it
  std::span<const model::Task> fits;
  Needs needs = Needs::nothing;
  Style style = Style::openai;
};

// The request's path with or without its "/v1" in front; nullptr: not one of these.
const Endpoint* find_endpoint(std::string_view path);
std::string_view without_version(std::string_view path);

// What the endpoint must find in the body before an engine may see it. Code::invalid names the field.
Result<void> check_body(const Endpoint& endpoint, const BodyFacts& facts);

}  // namespace eai::api
