// Why: engines count tokens and say so in their answers; the API reads those counts without parsing the answers.
// Thread: any; pure function.
// Source: the object "usage" of OpenAI's and Anthropic's APIs, and llama-server's "timings".
#pragma once

#include <cstdint>
#include <string_view>

namespace eai::api {

struct Usage {
  std::uint64_t prompt = 0;     // tokens read
  std::uint64_t generated = 0;  // tokens written
  double per_second = 0;        // speed of writing, as the engine measured it; 0 if it did not say
};

// Takes over the counts in `json`, which is a whole answer or some events of a stream. Only the first and the last
// kilobytes of a long one are read.
void read_usage(std::string_view json, Usage& into);

}  // namespace eai::api
