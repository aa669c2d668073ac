// Why: the one table that turns an Error into what the outside sees.
// Thread: any; constant data.
// Exit statuses are part of the command line's contract (README, "Exit status").
#pragma once

#include <string_view>

#include "util/result.h"

namespace eai {

struct ErrorFace {
  int exit_status;               // of the program
  int http_status;               // of the gateway
  std::string_view openai_type;  // "type" in an OpenAI error object
};

ErrorFace face_of(Code code);

}  // namespace eai
