// Why: this explains the numbers in a GGUF: how many bytes a tensor of a type takes, and what people call a
// quantisation.
// Thread: any; this is constant data.
// Source: the types of ggml and the file types of llama.cpp, both of llama.cpp v0.5.0.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace eai::model {

struct GgmlType {
  std::string_view name;         // "F32", "Q8_0", "Q4_K" …
  std::uint32_t block_size = 0;  // numbers per block; a row is a whole number of blocks
  std::uint32_t block_bytes = 0;
};

// Nothing for a code that is unknown or no longer used.
std::optional<GgmlType> ggml_type(std::uint32_t code);

// The name of a value of general.file_type, such as "Q4_K_M"; empty if it is unknown.
std::string_view file_type_name(std::uint64_t code);

}  // namespace eai::model
