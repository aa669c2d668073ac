#include "model/image_tensors.h"

#include <algorithm>
#include <initializer_list>

namespace eai::model {
namespace {

using Tensors = ImageTensors;

bool has(const Tensors& tensors, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return tensors.contains(name); });
}

bool has_prefix(const Tensors& tensors, std::string_view prefix) {
  auto at = tensors.lower_bound(prefix);
  return at != tensors.end() && at->first.starts_with(prefix);
}

std::uint64_t width(const Tensors& tensors, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names)
    if (auto at = tensors.find(name); at != tensors.end()) return at->second;
  return 0;
}

bool any_contains(const Tensors& tensors, std::initializer_list<std::string_view> words) {
  return std::any_of(tensors.begin(), tensors.end(), [&](const auto& tensor) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return tensor.first.find(word) != std::string::npos; });
  });
}

std::string flux_variant(const Tensors& t) {
  std::uint64_t in = width(t, {"img_in.weight", "x_embedder.weight"});
  if (in == 384) return "fill";
  bool guided = has_prefix(t, "guidance_in.") || has_prefix(t, "time_text_embed.guidance_embedder.");
  return guided ? "dev" : "schnell";
}

// The width of what a text encoder gives to a U-Net shows the generation of the model.
ImageFamily unet_family(const Tensors& t) {
  if (has_prefix(t, "label_emb.") || has_prefix(t, "add_embedding.")) return ImageFamily::sdxl;
  std::uint64_t context = width(t, {"input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight",
                                    "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"});
  return context == 1024 ? ImageFamily::sd2 : ImageFamily::sd1;
}

std::optional<ImageFamily> diffusion_family(const Tensors& t) {
  if (has_prefix(t, "double_stream_modulation_img.")) return ImageFamily::flux2;
  if (has_prefix(t, "distilled_guidance_layer.")) return ImageFamily::chroma;
  if (has_prefix(t, "double_blocks.0.") || has_prefix(t, "single_transformer_blocks.0.")) return ImageFamily::flux;
  if (has(t, {"transformer_blocks.0.img_mod.1.weight"})) return ImageFamily::qwen_image;
  if (has_prefix(t, "cap_embedder.")) return ImageFamily::z_image;
  if (has_prefix(t, "joint_blocks.0.") || has(t, {"transformer_blocks.0.attn.add_q_proj.weight"}))
    return ImageFamily::sd3;
  if (has(t, {"input_blocks.0.0.weight"}) || has_prefix(t, "down_blocks.0.resnets.0.time_emb_proj."))
    return unet_family(t);
  return {};
}

std::optional<ImageRole> encoder_role(const Tensors& t) {
  if (has(t, {"encoder.block.0.layer.0.SelfAttention.q.weight", "enc.blk.0.attn_q.weight"})) return ImageRole::t5xxl;
  std::uint64_t clip = width(t, {"text_model.embeddings.token_embedding.weight", "token_embedding.weight"});
  if (clip != 0) return clip > 1024 ? ImageRole::clip_g : ImageRole::clip_l;
  if (has(t, {"model.layers.0.self_attn.q_proj.weight", "model.language_model.layers.0.self_attn.q_proj.weight",
              "blk.0.attn_q.weight"}))
    return ImageRole::llm;
  if (has(t, {"v.blk.0.attn_q.weight", "v.blk.0.attn_qkv.weight", "visual.blocks.0.attn.qkv.weight"}))
    return ImageRole::llm_vision;
  return {};
}

std::optional<ImageRole> decoder_role(const Tensors& t) {
  if (has(t, {"decoder.conv_in.weight", "decoder.conv1.weight"})) return ImageRole::vae;
  if (has(t, {"decoder.layers.0.weight", "decoder.1.weight", "decoder.layers.1.weight"})) return ImageRole::tae;
  return {};
}

// Text encoders and a decoder in one file with the diffusion model.
std::set<ImageRole> parts_inside(const Tensors& t) {
  struct Place {
    std::string_view prefix;
    ImageRole role;
  };
  std::set<ImageRole> found;
  for (const Place& place : std::initializer_list<Place>{{"first_stage_model.", ImageRole::vae},
                                                         {"vae.", ImageRole::vae},
                                                         {"cond_stage_model.", ImageRole::clip_l},
                                                         {"cond_stage_model.1.", ImageRole::clip_g},
                                                         {"conditioner.embedders.0.", ImageRole::clip_l},
                                                         {"conditioner.embedders.1.", ImageRole::clip_g},
                                                         {"text_encoders.clip_l.", ImageRole::clip_l},
                                                         {"text_encoders.clip_g.", ImageRole::clip_g},
                                                         {"text_encoders.t5xxl.", ImageRole::t5xxl},
                                                         {"text_encoders.llm.", ImageRole::llm}})
    if (has_prefix(t, place.prefix)) found.insert(place.role);
  return found;
}

bool has_diffusers_names(const Tensors& t) {
  return has_prefix(t, "down_blocks.") || has_prefix(t, "transformer_blocks.") ||
         has_prefix(t, "single_transformer_blocks.");
}

}  // namespace

ImageFileKind kind_of_tensors(const ImageTensors& all) {
  ImageFileKind kind;
  if (any_contains(all, {".lora_A.", ".lora_B.", ".lora_down.", ".lora_up.", "lora_unet_"})) {
    kind.role = ImageRole::lora;
    return kind;
  }
  constexpr std::string_view k_prefix = "model.diffusion_model.";
  Tensors bare;
  if (has_prefix(all, k_prefix)) {
    for (const auto& [name, size] : all)
      if (name.starts_with(k_prefix)) bare.emplace(name.substr(k_prefix.size()), size);
  }
  const Tensors& tensors = bare.empty() ? all : bare;
  kind.packed =
      std::any_of(all.begin(), all.end(), [](const auto& tensor) { return tensor.first.ends_with(".scales"); });
  if (auto family = diffusion_family(tensors)) {
    kind.inside = parts_inside(all);
    kind.role = kind.inside.empty() ? ImageRole::diffusion : ImageRole::checkpoint;
    kind.family = *family;
    kind.diffusers = has_diffusers_names(tensors);
    if (*family == ImageFamily::flux) kind.variant = flux_variant(tensors);
    return kind;
  }
  kind.role = encoder_role(all);
  if (!kind.role) kind.role = decoder_role(all);
  return kind;
}

}  // namespace eai::model
