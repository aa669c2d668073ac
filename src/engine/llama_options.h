// Why: which options of llama-server a user may set for a model: speed, memory, sampling, templates. Nothing that opens
// files at will, listens, downloads, logs prompts or runs tools.
// Thread: any; pure functions.
// Source: llama-server --help of v0.5.0.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace eai::engine {

// `arguments` is checked pair by pair. Code::invalid names the first option that may not be set, or has a wrong value.
Result<void> check_extra_arguments(const std::vector<std::string>& arguments);

// Whether they say themselves which layers or experts go to a device. llama-server decides nothing about that then.
bool places_layers(const std::vector<std::string>& arguments);

// The value of an option among the arguments. The last one counts; empty if it is not there.
std::string_view value_of(const std::vector<std::string>& arguments, std::string_view option);

}  // namespace eai::engine
