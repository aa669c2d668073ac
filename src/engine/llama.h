// Why: the engine kind llama-server: its command line from a model.
// Thread: any; pure functions.
// Source: llama-server --help of v0.5.0; docs/engines.md says why each option stands here.
// What holds: the engine fetches nothing (--offline), serves no page, no slots' content, no files; the context is always
// given; every value that comes from a file name or a user is an argument of its own, after its option.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/launch.h"
#include "util/result.h"

namespace eai::engine {

inline constexpr std::string_view k_llama_server = "llama-server";

// `socket` is relative to the folder the engine is started in.
std::vector<std::string> llama_arguments(const ModelSpec& spec, const Launch& launch, const std::string& socket);

// The value of an option among the arguments, the last one's; empty without one.
std::string_view value_of(const std::vector<std::string>& arguments, std::string_view option);

// Options of llama-server that a user may set per model in the configuration: performance, sampling, templates. Nothing that
// opens files at will, listens, downloads, logs prompts or runs tools. `arguments` is checked pair by pair.
Result<void> check_extra_arguments(const std::vector<std::string>& arguments);

}  // namespace eai::engine
