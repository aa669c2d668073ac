// Why: llama-server can tell which GPUs it would compute on.
// Thread: list_llama_devices blocks its caller for a moment; parse_devices is pure.
// Source: llama-server --list-devices of llama.cpp v0.5.0: "  CUDA0: <name> (24124 MiB, 23800 MiB free)", or "  (none)".
// Tested with a program that prints such lines, not yet with a real GPU.
#pragma once

#include <string_view>
#include <vector>

#include "engine/devices.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

// Lines that do not describe a device are left out, as are devices without memory of their own.
std::vector<Device> parse_devices(std::string_view text);

// Code::io: the program could not be started, failed, or did not end in ten seconds.
Result<std::vector<Device>> list_llama_devices(const fs::path& program);

}  // namespace eai::engine
