// Why: this reads the header of a safetensors file without trusting a number in it.
// Thread: any; these are pure functions.
// What holds: every offset lies inside the file and matches shape and type, and the tensors fill the data without a gap
// or an overlap, as the format demands.
// Source: the safetensors format: 8 bytes with the length (little endian), a JSON object name → {dtype, shape,
// data_offsets}, and the data.
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

// "model.safetensors.index.json" of a model in several files: tensor → file name. Code::invalid if a name is not plain
// or the document is not such an index.
Result<std::map<std::string, std::string>> parse_safetensors_index(std::string_view json);

}  // namespace eai::model
