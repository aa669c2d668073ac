// Why: what the fields of a request must look like beyond their table, so that an engine is never asked for what it
// would refuse in its own words, misunderstand or drop.
// Thread: any; pure functions.
// What holds: what means the same is put into the one form that the engine reads. Code::invalid is about the field at
// fault ("messages[2].tool_calls[0].id"). A pointer into the body stays valid as long as the body is not changed.
// Source: OpenAI API reference; llama.cpp's tools/server/README.md.
#pragma once

#include <string>
#include <vector>

#include <boost/json.hpp>

#include "api/fields.h"
#include "util/result.h"

namespace eai::api {

// A picture in a chat request.
struct PictureSpot {
  boost::json::value* at = nullptr;  // a string: a data: URI or an address
  std::string path;                  // "messages[0].content[1].image_url", or what its client calls it
};

inline constexpr std::size_t k_most_texts = 2048;  // of a request that has a list of them; as at OpenAI

struct ChatFacts {
  bool tools = false;         // the model may call tools
  bool forced_tools = false;  // and must
  std::vector<PictureSpot> pictures;
};

// A request of /v1/chat/completions.
Result<ChatFacts> check_chat(boost::json::object& body, Ignored& ignored);

// `tools` and `tool_choice` of a chat request; a choice of some of the tools leaves only those.
Result<void> check_tools(boost::json::object& body, ChatFacts& facts, Ignored& ignored);

// `response_format`, `json_schema`, `logit_bias`, `stop` and the like, wherever tokens are drawn.
Result<void> check_sampling(boost::json::object& body);

// `prompt`, `input` or `content`: a text, tokens, or a list of either. With `mixed`, a list may have both.
Result<void> check_prompt(const boost::json::object& body, std::string_view field, bool mixed);

Result<void> check_rerank(boost::json::object& body);
Result<void> check_detokenize(const boost::json::object& body);
Result<void> check_infill(const boost::json::object& body);

}  // namespace eai::api
