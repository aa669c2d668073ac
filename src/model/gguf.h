// Why: this reads what a model file says about itself without trusting a single count in it.
// Thread: any; this is a pure function.
// What holds: every count, length and offset is checked against the size of the file before it is used. Memory is
// bounded by the bytes that the header really has, which are at most 128 MiB.
// Source: the GGUF specification, versions 2 and 3 (little endian).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "util/bytes.h"
#include "util/result.h"

namespace eai::model {

struct GgufTensor {
  std::string name;
  std::uint32_t type = 0;            // ggml type code
  std::vector<std::uint64_t> shape;  // in ggml's order, innermost first
  ByteRange range;                   // in the file
};

// What a header says about attention and state, for an estimate of memory. 0 or empty means that it does not say. The
// file claims all of this, and only its type is checked, so the arithmetic on it must not overflow.
struct GgufLayers {
  // Of the KV cache: one entry if it is the same in all layers, else one per layer; 0 marks a layer without attention.
  std::vector<std::uint64_t> head_count_kv;
  // The width of a head's keys and values; if the file does not say, embedding_length / head_count, as in llama.cpp.
  std::uint64_t key_length = 0, value_length = 0;
  std::uint64_t key_length_swa = 0,
                value_length_swa = 0;  // in layers with a sliding window, if they differ there
  std::uint64_t sliding_window = 0;
  // Which layers have the sliding window: one number n (every nth layer has none), or one flag per layer.
  std::vector<std::uint64_t> sliding_window_pattern;
  std::uint64_t shared_kv_layers = 0;  // the last layers, which reuse the cache of earlier ones (gemma 3n)
  // Multi-head latent attention (DeepSeek): the cache holds kv_lora_rank + rope_dimension numbers per token and layer.
  std::uint64_t kv_lora_rank = 0, key_length_mla = 0, value_length_mla = 0, rope_dimension = 0;
  // Recurrent layers (Mamba, LFM2, Qwen3-Next, RWKV) have a state of fixed size instead of a cache.
  std::uint64_t ssm_conv_kernel = 0, ssm_inner_size = 0, ssm_state_size = 0, ssm_time_step_rank = 0,
                ssm_group_count = 0;
  std::uint64_t shortconv_l_cache = 0, wkv_head_size = 0, token_shift_count = 0;
  std::uint64_t full_attention_interval = 0;  // every nth layer has attention, the others are recurrent
  std::vector<std::uint64_t> recurrent_layers;
};

struct GgufInfo {
  std::string architecture;  // general.architecture; "clip" for a projector; empty for what is not a model ("imatrix")
  std::string name;          // general.name; may be empty
  std::string type;          // general.type: "model", "adapter", "mmproj" …; may be empty
  std::string license;       // general.license, for people; may be empty
  std::string source;        // a URL that the file gives as where it or its original comes from; may be empty
  std::uint64_t parameters = 0;
  std::string quantization;  // "Q8_0", "Q4_K_M", "BF16" …: general.file_type, else the type of most bytes
  std::uint64_t context_length = 0;
  std::uint64_t block_count = 0;
  std::uint64_t embedding_length = 0;
  std::uint64_t feed_forward_length = 0;
  std::uint64_t head_count = 0;  // the largest in any layer
  std::uint64_t expert_count = 0;
  GgufLayers layers;
  std::uint64_t vocabulary = 0;
  std::string tokenizer;            // "gpt2" (byte pairs), "llama" (sentencepiece), "bert", "t5" …
  std::uint64_t longest_token = 0;  // bytes, as the vocabulary spells it, which is never shorter than the text
  std::string chat_template;
  std::optional<std::uint32_t> pooling;  // llama.cpp pooling type: 0 none, 1 mean, 2 cls, 3 last, 4 rank
  bool causal = true;
  // Of a model that consists of several files: above 1 their number, which one this is (from 0), and the tensors of all
  // of them. Only the first one has an architecture and whatever else is said about the model.
  std::uint64_t split_count = 0, split_number = 0, split_tensors = 0;
  bool is_projector = false;
  // Projectors only.
  std::string projector_type;
  bool sees = false, hears = false;
  std::uint64_t picture_side = 0;       // clip.vision.image_size: pixels
  bool tiles_pictures = false;          // it names the grids into which large pictures are cut
  std::uint64_t projection_length = 0;  // mostly the embedding_length of its model; with LLaVA that of CLIP
  std::uint64_t header_size = 0;        // bytes before the tensor data
  std::uint64_t tensor_bytes = 0;
  std::vector<GgufTensor> tensors;  // in the order of the file, without gaps except for alignment
};

// Reads `into.size()` bytes at `offset`. It is asked only for ranges inside [0, file_size).
using ReadAt = std::function<Result<void>(std::uint64_t offset, std::span<std::uint8_t> into)>;

// Code::invalid ("not a usable GGUF file: …") if anything is wrong, or if llama.cpp would refuse the file.
Result<GgufInfo> read_gguf(const ReadAt& read, std::uint64_t file_size);

}  // namespace eai::model
