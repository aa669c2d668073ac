#include "content/image_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <map>
#include <set>

#include <boost/json.hpp>

#include "content/safetensors.h"
#include "util/text.h"

namespace eai::content {
namespace {

// What recognition needs of a tensor: its name and its width (the innermost side).
using Tensors = std::map<std::string, std::uint64_t, std::less<>>;

struct Seen {
  const ImageFile* file = nullptr;
  std::optional<ImageRole> role;
  ImageFamily family = ImageFamily::flux;  // of a checkpoint or a diffusion model
  std::string variant;
};

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

// The width of what the text encoder gives to a U-Net tells its generation.
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

Seen classify(const ImageFile& file, const Tensors& all) {
  Seen seen{&file, {}, {}, {}};
  if (any_contains(all, {".lora_A.", ".lora_B.", ".lora_down.", ".lora_up.", "lora_unet_"})) {
    seen.role = ImageRole::lora;
    return seen;
  }
  constexpr std::string_view k_prefix = "model.diffusion_model.";
  Tensors bare;
  if (has_prefix(all, k_prefix)) {
    for (const auto& [name, size] : all)
      if (name.starts_with(k_prefix)) bare.emplace(name.substr(k_prefix.size()), size);
  }
  const Tensors& tensors = bare.empty() ? all : bare;
  if (auto family = diffusion_family(tensors)) {
    bool whole = has_prefix(all, "first_stage_model.") || has_prefix(all, "vae.");
    seen.role = whole ? ImageRole::checkpoint : ImageRole::diffusion;
    seen.family = *family;
    if (*family == ImageFamily::flux) seen.variant = flux_variant(tensors);
    return seen;
  }
  seen.role = encoder_role(all);
  if (!seen.role) seen.role = decoder_role(all);
  return seen;
}

// `parameters` grows by the numbers that the file holds.
Result<Tensors> read_tensors(const ImageFile& file, std::uint64_t& parameters) {
  std::array<std::uint8_t, 9> magic{};
  Tensors tensors;
  bool safetensors = file.name.ends_with(".safetensors");
  if (file.size < 16 && !safetensors) return tensors;
  if (file.size >= 16) EAI_CHECK(file.read(0, magic));
  if (text_of(magic).starts_with("GGUF")) {
    EAI_TRY(GgufInfo info, read_gguf(file.read, file.size));
    parameters += info.parameters;
    for (const GgufTensor& t : info.tensors) tensors.emplace(t.name, t.shape.empty() ? 1 : t.shape.front());
    return tensors;
  }
  if (!safetensors && magic[8] != '{') return tensors;  // a licence, a picture: not weights
  EAI_TRY(std::vector<SafeTensor> list, read_safetensors(file.read, file.size));
  for (const SafeTensor& t : list) {
    std::uint64_t count = 1;
    for (std::uint64_t side : t.shape) count *= side;  // fits: the header was checked against the file's size
    parameters += count;
    tensors.emplace(t.name, t.shape.empty() ? 1 : t.shape.back());
  }
  return tensors;
}

Result<std::string> read_text(const ImageFile& file) {
  if (file.size > 16 * k_mib) return fail(Code::invalid, "an index of more than 16 MiB");
  std::string text(file.size, '\0');
  EAI_CHECK(file.read(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  return text;
}

std::string folder_of(std::string_view name) {
  auto slash = name.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(name.substr(0, slash + 1));
}

// Settings, tokenizers and licences lie beside the weights in many folders; only weights are looked into.
bool may_hold_weights(const ImageFile& file) {
  for (std::string_view end : {".json", ".txt", ".md", ".model", ".png", ".jpg", ".jpeg", ".webp", ".gitattributes"})
    if (file.name.ends_with(end)) return false;
  return true;
}

// The parts of the folder; files named in an index become one.
class Folder {
 public:
  Result<void> read(const std::vector<ImageFile>& files) {
    for (const ImageFile& file : files)
      if (file.name.ends_with(".safetensors.index.json")) EAI_CHECK(read_sharded(files, file));
    for (const ImageFile& file : files) {
      if (in_index_.contains(file.name) || !may_hold_weights(file)) continue;
      std::uint64_t parameters = 0;
      auto tensors = read_tensors(file, parameters);
      if (!tensors) return Failure(std::move(tensors).error().with(printable(file.name, 120)));
      add(classify(file, *tensors), file.size, parameters);
    }
    return {};
  }

  const std::vector<ImagePart>& parts() const { return parts_; }
  const std::optional<Seen>& drawer() const { return drawer_; }

  bool has_role(ImageRole role) const {
    return std::any_of(parts_.begin(), parts_.end(), [role](const ImagePart& p) { return p.role == role; });
  }

 private:
  Result<void> read_sharded(const std::vector<ImageFile>& files, const ImageFile& index) {
    EAI_TRY(std::string text, read_text(index));
    auto map = parse_safetensors_index(text);
    if (!map) return Failure(std::move(map).error().with(printable(index.name, 120)));
    std::set<std::string> names;
    for (const auto& entry : *map) names.insert(folder_of(index.name) + entry.second);
    Tensors all;
    std::uint64_t size = 0;
    std::uint64_t parameters = 0;
    for (const std::string& name : names) {
      auto file = std::find_if(files.begin(), files.end(), [&](const ImageFile& f) { return f.name == name; });
      if (file == files.end())
        return fail(Code::invalid, "the image model lacks " + printable(name, 120) + ", which its index names");
      EAI_TRY(Tensors tensors, read_tensors(*file, parameters));
      all.merge(tensors);
      size += file->size;
      in_index_.insert(name);
    }
    add(classify(index, all), size, parameters);
    return {};
  }

  void add(Seen seen, std::uint64_t size, std::uint64_t parameters) {
    if (!seen.role) return;
    bool draws = *seen.role == ImageRole::checkpoint || *seen.role == ImageRole::diffusion;
    if (draws && drawer_) return;  // the first one draws; files are given in the order of their names
    if (draws) drawer_ = seen;
    parts_.push_back({*seen.role, seen.file->name, size, parameters, 1});
  }

  std::vector<ImagePart> parts_;
  std::optional<Seen> drawer_;
  std::set<std::string> in_index_;
};

Failure lacks(const ImageModel& model, std::string_view part) {
  return fail(Code::invalid, "the image model (" + std::string(name_of(model.family)) + ") lacks its " +
                                 std::string(part) + ": add the file and preserve the folder again");
}

Result<void> check_parts(const ImageModel& model, const Folder& folder) {
  if (folder.has_role(ImageRole::checkpoint)) return {};
  auto need = [&](ImageRole role) { return folder.has_role(role); };
  switch (model.family) {
    case ImageFamily::flux:
    case ImageFamily::chroma:
      if (!need(ImageRole::t5xxl)) return lacks(model, "text encoder T5 (text_encoder_2)");
      break;
    case ImageFamily::flux2:
    case ImageFamily::qwen_image:
    case ImageFamily::z_image:
      if (!need(ImageRole::llm)) return lacks(model, "text encoder, a language model");
      break;
    case ImageFamily::sd3:
      if (!need(ImageRole::t5xxl) && !need(ImageRole::clip_l))
        return lacks(model, "text encoders (CLIP-L, CLIP-G, T5)");
      break;
    case ImageFamily::sd1:
    case ImageFamily::sd2:
      if (!need(ImageRole::clip_l)) return lacks(model, "text encoder CLIP-L (text_encoder)");
      break;
    case ImageFamily::sdxl:
      if (!need(ImageRole::clip_l)) return lacks(model, "text encoder CLIP-L (text_encoder)");
      if (!need(ImageRole::clip_g)) return lacks(model, "text encoder CLIP-G (text_encoder_2)");
      break;
  }
  if (!need(ImageRole::vae) && !need(ImageRole::tae)) return lacks(model, "picture decoder (vae)");
  return {};
}

struct Drawing {
  std::uint32_t steps;
  float guidance, cfg_scale;
  std::uint32_t side, multiple;
};

// What the makers of each family recommend.
Drawing drawing_of(const ImageModel& model) {
  switch (model.family) {
    case ImageFamily::flux:
      if (model.variant == "schnell") return {4, 0, 1, 1024, 16};
      if (model.variant == "kontext") return {28, 2.5F, 1, 1024, 16};
      if (model.variant == "fill") return {30, 30, 1, 1024, 16};
      return {20, 3.5F, 1, 1024, 16};
    case ImageFamily::flux2:
      return {20, 4, 1, 1024, 16};
    case ImageFamily::chroma:
      return {26, 0, 4, 1024, 16};
    case ImageFamily::sd1:
      return {20, 0, 7, 512, 64};
    case ImageFamily::sd2:
      return {20, 0, 7, 768, 64};
    case ImageFamily::sdxl:
      return {25, 0, 6, 1024, 64};
    case ImageFamily::sd3:
      return {28, 0, 4.5F, 1024, 16};
    case ImageFamily::qwen_image:
      return {20, 0, 2.5F, 1024, 16};
    case ImageFamily::z_image:
      return {8, 0, 1, 1024, 16};
  }
  return {20, 3.5F, 1, 1024, 64};
}

void apply_defaults(ImageModel& model, std::string_view config_name, Task task) {
  auto named = [&](std::string_view word) { return config_name.find(word) != std::string_view::npos; };
  if (model.family == ImageFamily::flux && model.variant == "dev") {
    if (named("kontext") || task == Task::image_edit) model.variant = "kontext";
  }
  // A distilled copy keeps the tensors of what it was made from: the name decides how many steps it takes.
  if (model.family == ImageFamily::flux && named("schnell")) model.variant = "schnell";
  model.references = model.variant == "kontext" || model.family == ImageFamily::flux2 ||
                     (model.family == ImageFamily::qwen_image && (task == Task::image_edit || named("edit")));
  Drawing d = drawing_of(model);
  model.steps = d.steps;
  model.guidance = d.guidance;
  model.cfg_scale = d.cfg_scale;
  model.width = model.height = d.side;
  model.size_multiple = d.multiple;
}

}  // namespace

std::string_view name_of(ImageFamily family) {
  switch (family) {
    case ImageFamily::flux:
      return "FLUX.1";
    case ImageFamily::flux2:
      return "FLUX.2";
    case ImageFamily::chroma:
      return "Chroma";
    case ImageFamily::sd1:
      return "Stable Diffusion 1.5";
    case ImageFamily::sd2:
      return "Stable Diffusion 2";
    case ImageFamily::sdxl:
      return "SDXL";
    case ImageFamily::sd3:
      return "Stable Diffusion 3.5";
    case ImageFamily::qwen_image:
      return "Qwen-Image";
    case ImageFamily::z_image:
      return "Z-Image";
  }
  return "";
}

std::string_view name_of(ImageRole role) {
  switch (role) {
    case ImageRole::checkpoint:
      return "model";
    case ImageRole::diffusion:
      return "diffusion-model";
    case ImageRole::clip_l:
      return "clip-l";
    case ImageRole::clip_g:
      return "clip-g";
    case ImageRole::t5xxl:
      return "t5xxl";
    case ImageRole::llm:
      return "llm";
    case ImageRole::llm_vision:
      return "llm-vision";
    case ImageRole::vae:
      return "vae";
    case ImageRole::tae:
      return "tae";
    case ImageRole::lora:
      return "lora";
  }
  return "";
}

std::uint64_t ImageModel::parameters() const {
  std::uint64_t sum = 0;
  for (const ImagePart& part : parts) sum += part.parameters;
  return sum;
}

std::uint64_t ImageModel::weight_bytes() const {
  std::uint64_t sum = 0;
  for (const ImagePart& part : parts) sum += part.size;
  return sum;
}

Result<ImageModel> recognise_image_model(const std::vector<ImageFile>& files, std::string_view config_name, Task task) {
  Folder folder;
  EAI_CHECK(folder.read(files));
  if (!folder.drawer())
    return fail(Code::invalid, folder.parts().empty()
                                   ? "no image model: none of its files is a diffusion model, a text encoder or a VAE"
                                   : "the image model lacks its diffusion model (transformer or unet)");
  ImageModel model;
  model.family = folder.drawer()->family;
  model.variant = folder.drawer()->variant;
  model.parts = folder.parts();
  EAI_CHECK(check_parts(model, folder));
  apply_defaults(model, config_name, task);
  return model;
}

Result<LoraFolder> parse_lora_folder(std::string_view text) {
  namespace json = boost::json;
  auto bad = [](std::string what) { return fail(Code::invalid, "the metadata.json of the LoRA: " + std::move(what)); };
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return bad("not a JSON object");
  const json::object& object = value.get_object();
  const json::value* base = object.if_contains("base_model");
  const json::value* paths = object.if_contains("lora_paths");
  const json::value* scales = object.if_contains("lora_scales");
  if (base == nullptr || !base->is_string()) return bad("base_model must be a hash");
  if (paths == nullptr || !paths->is_array() || paths->get_array().empty()) return bad("lora_paths must be a list");
  LoraFolder folder;
  folder.base_model = base->get_string();
  for (const json::value& path : paths->get_array()) {
    const json::string* name = path.if_string();
    if (name == nullptr || name->empty() || name->starts_with('/') || name->find("..") != json::string::npos ||
        name->find('\\') != json::string::npos || name->find('\0') != json::string::npos)
      return bad("lora_paths must be plain names inside the folder");
    folder.paths.emplace_back(*name);
  }
  folder.scales.assign(folder.paths.size(), 1);
  if (scales == nullptr || scales->is_null()) return folder;
  if (!scales->is_array() || scales->get_array().size() != folder.paths.size())
    return bad("lora_scales must be a list with one number for each path");
  for (std::size_t i = 0; i < folder.paths.size(); ++i) {
    boost::system::error_code not_a_number;
    auto scale = scales->get_array()[i].to_number<double>(not_a_number);
    if (not_a_number || !std::isfinite(scale) || std::abs(scale) > 100) return bad("a scale is not a number");
    folder.scales[i] = static_cast<float>(scale);
  }
  return folder;
}

}  // namespace eai::content
