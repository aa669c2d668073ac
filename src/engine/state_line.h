// Why: an engine that says by itself how far its load is, and that it is ready, need not be asked over and over.
// Thread: any; pure functions.
// Source: what llama-server writes to its router (LLAMA_SERVER_ROUTER_PORT in the environment), docs/engines.md. The image
// engine writes the same lines.
#pragma once

#include <optional>
#include <string_view>

#include "engine/kind.h"

namespace eai::engine {

// Nothing if the line is not about the state. A state line that is damaged tells nothing new.
std::optional<StateNews> read_state_line(std::string_view line);

}  // namespace eai::engine
