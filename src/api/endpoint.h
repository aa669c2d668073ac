// Why: the table of what is relayed to an engine, one row per path.
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
  std::string_view path;  // as both the engine and clients call it; clients may leave "/v1" out or add it
  std::string_view summary;
  std::span<const model::Task> fits;
  Needs needs = Needs::nothing;
  Style style = Style::openai;
  std::string_view gives = "application/json";
};

std::span<const Endpoint> endpoints();

// Whether the body has what the endpoint needs, before an engine sees it. Code::invalid names the field.
Result<void> check_body(const Endpoint& endpoint, const BodyFacts& facts);

}  // namespace eai::api
