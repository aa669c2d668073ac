// Why: the two parts of llama-server's memory that follow from a model's shape and the context.
// Thread: any; pure functions.
// Source: llama.cpp v0.5.0: llama_kv_cache (f16 keys and values per attention layer), its sliding-window and recurrent
// variants, and the graph's buffers with flash attention on the processor.
#pragma once

#include <cstdint>

#include "engine/launch.h"
#include "model/gguf.h"

namespace eai::engine {

// KV cache for `launch.context` tokens shared by all slots, and recurrent state per slot; bytes.
std::uint64_t context_bytes(const model::GgufInfo& info, const Launch& launch);

// The buffers of one step of `launch.batch` tokens, and the outputs that are kept of `launch.outputs`; bytes.
std::uint64_t compute_bytes(const model::GgufInfo& info, const Launch& launch);

}  // namespace eai::engine
