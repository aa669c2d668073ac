// Why: what a model file says of itself, read without trusting a single count in it.
// Thread: any; pure function.
// Source: the GGUF specification, version 2 and 3 (little endian).
// What holds: every count, length and offset is checked against the file's size before it is used; memory
// used is bounded by the header's real bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "util/bytes.h"
#include "util/result.h"

namespace eai::content {

struct GgufTensor {
  std::string name;
  std::uint32_t type = 0;            // ggml type code
  std::vector<std::uint64_t> shape;  // ggml order, innermost first
  ByteRange range;                   // in the file
};

struct GgufInfo {
  std::string architecture;  // general.architecture; "clip" for a projector
  std::string name;          // general.name, may be empty
  std::uint64_t parameters = 0;
  std::string quantization;  // "Q8_0", "Q4_K_M", "BF16" …: general.file_type, else the type most bytes have
  std::uint64_t context_length = 0;
  std::uint64_t block_count = 0;
  std::uint64_t embedding_length = 0;
  std::uint64_t head_count = 0;
  // KV heads and K/V widths per layer (one entry if the same in all); what a memory estimate needs.
  std::vector<std::uint64_t> head_count_kv;
  std::uint64_t key_length = 0, value_length = 0;
  std::uint64_t vocabulary = 0;
  std::uint64_t sliding_window = 0;
  std::string chat_template;
  std::optional<std::uint32_t> pooling;  // llama.cpp pooling type: 0 none, 1 mean, 2 cls, 3 last, 4 rank
  bool causal = true;
  bool is_projector = false;
  std::uint64_t header_size = 0;  // bytes before the tensor data
  std::uint64_t tensor_bytes = 0;
  std::vector<GgufTensor> tensors;
};

// Reads `into.size()` bytes at `offset`; asked only for ranges inside [0, file_size).
using ReadAt = std::function<Result<void>(std::uint64_t offset, std::span<std::uint8_t> into)>;

// Code::invalid ("not a GGUF file: …") when anything does not fit.
Result<GgufInfo> read_gguf(const ReadAt& read, std::uint64_t file_size);

}  // namespace eai::content
