// Why: the table of what is relayed to an engine, one row per path.
// Thread: any; constant data.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "api/api_error.h"
#include "model/metadata.h"

namespace eai::api {

// What a request's body is.
enum class Form : std::uint8_t {
  chat,
  completion,
  infill,
  response,  // OpenAI's Responses
  message,   // Anthropic's Messages
  embedding,
  rerank,
  tokenize,
  detokenize
};

struct Endpoint {
  std::string_view path;  // as clients call it; they may leave "/v1" out or add it
  std::string_view engine_path;
  std::string_view summary;
  std::span<const model::Task> fits;
  Form form;
  bool counts = false;  // only tokens are counted, and nothing is answered
  Style style = Style::openai;
  std::string_view gives = "application/json";
};

std::span<const Endpoint> endpoints();

}  // namespace eai::api
