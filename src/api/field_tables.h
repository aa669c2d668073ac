// Why: what happens to each field of each API; a row here is a row in docs/api.md.
// Thread: any; constant data.
// Source: see fields.h. The bounds keep what a request costs an engine within what its memory was estimated for.
#pragma once

#include "api/fields.h"

namespace eai::api {

// The largest window of past tokens that a penalty looks at; an engine reserves memory for all of it.
inline constexpr double k_penalty_window = 131072;  // tokens

extern const FieldTable k_chat_fields;
extern const FieldTable k_completion_fields;
extern const FieldTable k_infill_fields;
extern const FieldTable k_drawing_fields;   // what these three have in common
extern const FieldTable k_sampling_fields;  // llama.cpp's own, wherever it draws tokens
extern const FieldTable k_response_fields;
extern const FieldTable k_message_fields;  // Anthropic's
extern const FieldTable k_embedding_fields;
extern const FieldTable k_rerank_fields;
extern const FieldTable k_tokenize_fields;
extern const FieldTable k_detokenize_fields;

}  // namespace eai::api
