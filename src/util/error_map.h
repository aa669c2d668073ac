// Why: one table decides what an Error looks like from outside.
// Thread: any; this is constant data.
// What holds: exit statuses are part of the command line's contract (README, "Exit status").
#pragma once

#include <string_view>

#include "util/result.h"

namespace eai {

struct ErrorFace {
  int exit_status;               // of the program
  int http_status;               // of the API
  std::string_view openai_type;  // the "type" in an OpenAI error object
};

ErrorFace face_of(Code code);

}  // namespace eai
