#include "engine/kv_cache.h"

#include <algorithm>
#include <string_view>

namespace eai::engine {

namespace {

constexpr double k_f16 = 2, k_f32 = 4;  // bytes
constexpr double k_swa_pad = 256;       // tokens

// The sums are made in double: what a file claims cannot overflow it, and a byte more or less does not matter.
std::uint64_t whole(double bytes) {
  return bytes >= 9e18 ? UINT64_MAX : static_cast<std::uint64_t>(std::max(bytes, 0.0));
}

double padded(double value, double step) {
  const auto steps = static_cast<std::uint64_t>(std::min((value + step - 1) / step, 1e15));
  return static_cast<double>(steps) * step;
}

// Where the file gives a window but no pattern, the pattern is part of the architecture: every nth layer has none.
std::uint64_t built_in_pattern(std::string_view architecture) {
  struct Entry {
    std::string_view architecture;
    std::uint64_t every;
  };
  static constexpr Entry k_entries[] = {{"gemma2", 2},  {"gemma3", 6},  {"gemma3n", 5},
                                        {"gpt-oss", 2}, {"cohere2", 4}, {"exaone4", 4}};
  for (const Entry& entry : k_entries)
    if (entry.architecture == architecture) return entry.every;
  return 0;
}

bool has_window(const model::GgufInfo& info, std::uint64_t layer) {
  const auto& layers = info.layers;
  if (layers.sliding_window == 0) return false;
  if (layers.sliding_window_pattern.empty()) {
    const std::uint64_t every = built_in_pattern(info.architecture);
    return every > 0 && (layer + 1) % every != 0;
  }
  if (layers.sliding_window_pattern.size() > 1)
    return layer < layers.sliding_window_pattern.size() && layers.sliding_window_pattern[layer] != 0;
  const std::uint64_t every = layers.sliding_window_pattern.front();
  return every > 0 && (layer + 1) % every != 0;
}

bool is_recurrent(const model::GgufInfo& info, std::uint64_t layer) {
  const auto& layers = info.layers;
  if (!layers.recurrent_layers.empty())
    return layer < layers.recurrent_layers.size() && layers.recurrent_layers[layer] != 0;
  if (layers.full_attention_interval > 0) return (layer + 1) % layers.full_attention_interval != 0;
  if (layers.head_count_kv.size() > 1) return layer < layers.head_count_kv.size() && layers.head_count_kv[layer] == 0;
  const bool has_state = layers.ssm_inner_size > 0 || layers.wkv_head_size > 0;
  return has_state && (layers.head_count_kv.empty() || layers.head_count_kv.front() == 0);
}

double kv_heads(const model::GgufInfo& info, std::uint64_t layer) {
  const auto& heads = info.layers.head_count_kv;
  if (heads.empty()) return static_cast<double>(info.head_count);
  return static_cast<double>(heads.size() == 1 ? heads.front() : layer < heads.size() ? heads[layer] : 0);
}

// Bytes that one token takes in one attention layer.
double token_bytes(const model::GgufInfo& info, const Launch& launch, std::uint64_t layer, bool window) {
  const auto& layers = info.layers;
  if (layers.kv_lora_rank > 0)
    return launch.key_bytes * static_cast<double>(layers.kv_lora_rank + layers.rope_dimension);
  const double keys =
      static_cast<double>(window && layers.key_length_swa > 0 ? layers.key_length_swa : layers.key_length);
  const double values =
      static_cast<double>(window && layers.value_length_swa > 0 ? layers.value_length_swa : layers.value_length);
  return kv_heads(info, layer) * (launch.key_bytes * keys + launch.value_bytes * values);
}

// Bytes of the state that one slot keeps in one recurrent layer.
double state_bytes(const model::GgufInfo& info) {
  const auto& layers = info.layers;
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  if (layers.shortconv_l_cache > 0)
    return k_f32 * number(info.embedding_length) * (number(layers.shortconv_l_cache) - 1);
  if (layers.wkv_head_size > 0)
    return k_f32 * number(info.embedding_length) * (number(layers.wkv_head_size) + number(layers.token_shift_count));
  const double conv = number(std::max<std::uint64_t>(layers.ssm_conv_kernel, 1)) - 1;
  const double width =
      number(layers.ssm_inner_size) + 2 * number(layers.ssm_group_count) * number(layers.ssm_state_size);
  return k_f32 * (conv * width + number(layers.ssm_state_size) * number(layers.ssm_inner_size));
}

}  // namespace

std::uint64_t context_bytes(const model::GgufInfo& info, const Launch& launch) {
  if (!info.causal && info.architecture.find("bert") != std::string::npos) return 0;  // such engines keep no cache
  const double tokens = padded(launch.context, k_swa_pad);
  const double window_tokens = std::min(
      tokens, padded(static_cast<double>(info.layers.sliding_window) * launch.slots + launch.batch, k_swa_pad));
  const std::uint64_t own = info.block_count - std::min(info.layers.shared_kv_layers, info.block_count);
  double bytes = 0;
  for (std::uint64_t layer = 0; layer < std::min<std::uint64_t>(own, 100'000); ++layer) {
    if (is_recurrent(info, layer)) {
      bytes += state_bytes(info) * launch.slots;
      continue;
    }
    const bool window = has_window(info, layer) && !launch.whole_window;
    bytes += token_bytes(info, launch, layer, window) * (window ? window_tokens : tokens);
  }
  return whole(bytes);
}

std::uint64_t compute_bytes(const model::GgufInfo& info, const Launch& launch) {
  const double batch = launch.batch, context = padded(launch.context, k_swa_pad);
  const double width = static_cast<double>(info.embedding_length);
  const double feed = static_cast<double>(info.feed_forward_length);
  const double mask = batch * context * k_f16;
  const double layer = batch * k_f32 * (3 * feed + 4 * width);  // gate, up and their product beside the residual stream
  const double logits = batch * k_f32 * (static_cast<double>(info.vocabulary) + 2 * width);
  const double outputs = launch.outputs * k_f32 * (static_cast<double>(info.vocabulary) + width);
  return whole(std::max(mask + layer, logits) + outputs);
}

}  // namespace eai::engine
