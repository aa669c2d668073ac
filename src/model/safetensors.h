// Why: the header of a safetensors file, read without trusting a number in it.
// Thread: any; pure function.
// Source: the safetensors format: 8 bytes little endian length, a JSON object name → {dtype, shape, data_offsets}, data.
// What holds: every offset lies inside the file, fits shape and type, and the tensors fill the data without gap or
// overlap, as the format demands.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::model {

struct SafeTensor {
  std::string name;
  std::string type;                  // "F16", "BF16", "F8_E4M3" …
  std::vector<std::uint64_t> shape;  // outermost first
  ByteRange range;                   // in the file
};

inline constexpr std::uint64_t k_safetensors_header_limit = 100 * k_mib;  // the format's own limit

// Code::invalid ("not a usable safetensors file: …").
Result<std::vector<SafeTensor>> read_safetensors(const ReadAt& read, std::uint64_t file_size);

// "model.safetensors.index.json" of a model in several files: tensor → file name, plain names only. Code::invalid.
Result<std::map<std::string, std::string>> parse_safetensors_index(std::string_view json);

}  // namespace eai::model
