// Why: tokens are counted by the engine, which says so in its answers; the gateway counts along without parsing them.
// Thread: any; pure function.
// Source: the object "usage" of OpenAI's and Anthropic's APIs, and llama-server's "timings".
#pragma once

#include <cstdint>
#include <string_view>

namespace eai::api {

struct Usage {
  std::uint64_t prompt = 0;     // tokens read
  std::uint64_t generated = 0;  // tokens written
  double per_second = 0;        // speed of writing, as the engine measured it; 0: not told
};

// Takes over what `json` says: a whole answer, or some events of a stream. Only the first and the last kilobytes of a
// long one are looked at.
void read_usage(std::string_view json, Usage& into);

}  // namespace eai::api
