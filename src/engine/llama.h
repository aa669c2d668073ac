// Why: the kind of engine that chats, embeds and ranks: llama-server.
// Thread: any; pure functions.
// Source: llama-server --help of v0.5.0; docs/engines.md says why each option is there.
// What holds: the engine fetches nothing (--offline), and serves neither a page nor files nor the content of its slots. The
// context is always given. Every value that comes from a file name or a user is an argument of its own, after its option.
#pragma once

#include <string>
#include <vector>

#include "engine/kind.h"
#include "engine/launch.h"
#include "engine/model_spec.h"

namespace eai::engine {

extern const EngineKind k_llama;

// `socket` is relative to the folder that the engine is started in.
std::vector<std::string> llama_arguments(const ModelSpec& spec, const Launch& launch, const std::string& socket);

}  // namespace eai::engine
