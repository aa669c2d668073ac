// Why: where the engine computes on a GPU, that GPU's memory is what models have to share, not the machine's RAM.
// Thread: list_devices blocks its caller's for a moment; the rest are pure functions.
// Source: llama-server --list-devices of llama.cpp v0.5.0: "  CUDA0: <name> (24124 MiB, 23800 MiB free)", or "  (none)".
// Untried with a real GPU; tested with a program that prints such lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

struct Device {
  std::string name;          // "CUDA0"
  std::string description;   // for people
  std::uint64_t memory = 0;  // bytes, all of it
  bool operator==(const Device&) const = default;
};

// Lines that are none of a device are left out, as are devices without memory of their own.
std::vector<Device> parse_devices(std::string_view text);

// Code::io: the program could not be started, failed, or did not end in ten seconds.
Result<std::vector<Device>> list_devices(const fs::path& llama_server);

}  // namespace eai::engine
