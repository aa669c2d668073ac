// Why: an engine's refusal is in its own words and blames itself for what a request did wrong. A client gets the status
// that fits, and words that say what to change.
// Thread: any; pure functions.
// What holds: by a rule, not by a list of sentences: an engine that is well and refuses at once has been asked wrongly.
// Source: llama.cpp's tools/server (format_error_response, and the exceptions of its handlers).
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace eai::api {

struct EngineError {
  Error error;
  std::string code;  // OpenAI's word where clients look for one ("context_length_exceeded"), or empty
};

// `asked_wrongly`: the engine is well, and refused at once. `body` is the engine's, whatever it has.
EngineError read_engine_error(int status, std::string_view body, bool asked_wrongly);

// The same for an error that an engine tells in its stream, where the event itself has the status.
EngineError read_stream_error(std::string_view event, bool asked_wrongly);

}  // namespace eai::api
