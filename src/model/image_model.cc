#include "model/image_model.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include <boost/json.hpp>

#include "model/image_tensors.h"
#include "model/safetensors.h"
#include "util/text.h"

namespace eai::model {
namespace {

// Adds the count of numbers in the file to `parameters`.
Result<ImageTensors> read_tensors(const ImageFile& file, std::uint64_t& parameters) {
  std::array<std::uint8_t, 9> magic{};
  ImageTensors tensors;
  bool safetensors = file.name.ends_with(".safetensors");
  if (file.size < 16 && !safetensors) return tensors;
  if (file.size >= 16) EAI_CHECK(file.read(0, magic));
  if (text_of(magic).starts_with("GGUF")) {
    EAI_TRY(GgufInfo info, read_gguf(file.read, file.size));
    parameters += info.parameters;
    for (const GgufTensor& t : info.tensors) tensors.emplace(t.name, t.shape.empty() ? 1 : t.shape.front());
    return tensors;
  }
  if (!safetensors && magic[8] != '{') return tensors;  // a licence or a picture, not weights
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
  if (file.size > 16 * k_mib) return fail(Code::invalid, "the index is larger than 16 MiB");
  std::string text(file.size, '\0');
  EAI_CHECK(file.read(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  return text;
}

std::string folder_of(std::string_view name) {
  auto slash = name.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(name.substr(0, slash + 1));
}

// Many folders hold settings, tokenizers and licences beside the weights; only weights are read.
bool may_hold_weights(const ImageFile& file) {
  for (std::string_view end : {".json", ".txt", ".md", ".model", ".png", ".jpg", ".jpeg", ".webp", ".gitattributes"})
    if (file.name.ends_with(end)) return false;
  return true;
}

// A file that is part of an image model, or several that an index makes into one.
struct Candidate {
  ImagePart part;
  ImageFileKind kind;
  bool draws() const { return part.role == ImageRole::checkpoint || part.role == ImageRole::diffusion; }
};

// The parts of the folder. The files that an index names become one part.
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
      add(file.name, kind_of_tensors(*tensors), file.size, parameters);
    }
    return {};
  }

  const std::vector<Candidate>& candidates() const { return candidates_; }

  // The first part that draws, in the order of file names; null if none does.
  const Candidate* drawer() const {
    auto at = std::find_if(candidates_.begin(), candidates_.end(), [](const Candidate& c) { return c.draws(); });
    return at == candidates_.end() ? nullptr : &*at;
  }

  // Many folders hold things twice: whole repositories have single files beside diffusers' folders, and several
  // precisions. One of each part is taken, but not a text encoder that is inside the checkpoint. All adapters are
  // taken.
  std::vector<ImagePart> chosen() const {
    std::vector<ImagePart> parts{drawer()->part};
    std::set<ImageRole> taken = drawer()->kind.inside;
    taken.erase(ImageRole::vae);  // a separate decoder is there for a reason
    for (const Candidate& c : candidates_)
      if (!c.draws() && (c.part.role == ImageRole::lora || taken.insert(c.part.role).second)) parts.push_back(c.part);
    return parts;
  }

 private:
  Result<void> read_sharded(const std::vector<ImageFile>& files, const ImageFile& index) {
    EAI_TRY(std::string text, read_text(index));
    auto map = parse_safetensors_index(text);
    if (!map) return Failure(std::move(map).error().with(printable(index.name, 120)));
    std::set<std::string> names;
    for (const auto& entry : *map) names.insert(folder_of(index.name) + entry.second);
    ImageTensors all;
    std::uint64_t size = 0;
    std::uint64_t parameters = 0;
    for (const std::string& name : names) {
      auto file = std::find_if(files.begin(), files.end(), [&](const ImageFile& f) { return f.name == name; });
      if (file == files.end())
        return fail(Code::invalid, "the image model lacks " + printable(name, 120) + ", which its index names");
      EAI_TRY(ImageTensors tensors, read_tensors(*file, parameters));
      all.merge(tensors);
      size += file->size;
      in_index_.insert(name);
    }
    add(index.name, kind_of_tensors(all), size, parameters);
    return {};
  }

  void add(const std::string& name, ImageFileKind kind, std::uint64_t size, std::uint64_t parameters) {
    if (!kind.role) return;
    ImagePart part{*kind.role, name, size, parameters, 1};
    candidates_.push_back({std::move(part), std::move(kind)});
  }

  std::vector<Candidate> candidates_;
  std::set<std::string> in_index_;
};

Failure lacks(const ImageModel& model, std::string_view part) {
  return fail(Code::invalid, "the image model (" + std::string(name_of(model.family)) + ") lacks its " +
                                 std::string(part) + ": add the file and preserve the folder again");
}

Result<void> check_parts(const ImageModel& model, const std::set<ImageRole>& inside) {
  auto has = [&](ImageRole role) {
    auto is_it = [role](const ImagePart& p) { return p.role == role; };
    return inside.contains(role) || std::any_of(model.parts.begin(), model.parts.end(), is_it);
  };
  switch (model.family) {
    case ImageFamily::flux:
    case ImageFamily::chroma:
      if (!has(ImageRole::t5xxl)) return lacks(model, "text encoder T5 (text_encoder_2)");
      break;
    case ImageFamily::flux2:
    case ImageFamily::qwen_image:
    case ImageFamily::z_image:
      if (!has(ImageRole::llm)) return lacks(model, "text encoder, a language model");
      break;
    case ImageFamily::sd3:
      if (!has(ImageRole::t5xxl) && !has(ImageRole::clip_l)) return lacks(model, "text encoders (CLIP-L, CLIP-G, T5)");
      break;
    case ImageFamily::sd1:
    case ImageFamily::sd2:
      if (!has(ImageRole::clip_l)) return lacks(model, "text encoder CLIP-L (text_encoder)");
      break;
    case ImageFamily::sdxl:
      if (!has(ImageRole::clip_l)) return lacks(model, "text encoder CLIP-L (text_encoder)");
      if (!has(ImageRole::clip_g)) return lacks(model, "text encoder CLIP-G (text_encoder_2)");
      break;
  }
  if (!has(ImageRole::vae) && !has(ImageRole::tae)) return lacks(model, "picture decoder (vae)");
  return {};
}

// A U-Net with diffusers' names can be read only from its whole folder, in which the engine expects these files.
Result<void> take_as_folder(ImageModel& model, const Folder& folder) {
  struct Place {
    ImageRole role;
    std::string_view name;
  };
  for (const Place& place : {Place{ImageRole::diffusion, "unet/diffusion_pytorch_model.safetensors"},
                             Place{ImageRole::clip_l, "text_encoder/model.safetensors"},
                             Place{ImageRole::clip_g, "text_encoder_2/model.safetensors"},
                             Place{ImageRole::vae, "vae/diffusion_pytorch_model.safetensors"}}) {
    auto part =
        std::find_if(model.parts.begin(), model.parts.end(), [&](const ImagePart& p) { return p.role == place.role; });
    if (part == model.parts.end()) continue;
    const auto& all = folder.candidates();
    auto there = std::find_if(all.begin(), all.end(), [&](const Candidate& c) { return c.part.name == place.name; });
    if (there == all.end())
      return fail(Code::invalid, "the engine reads a " + std::string(name_of(model.family)) +
                                     " in parts only as diffusers names them: " + std::string(place.name) +
                                     " is missing");
    *part = there->part;
    part->role = place.role;
  }
  model.as_folder = true;
  return {};
}

// What diffusers' names stand for, as far as the engine knows.
Result<void> check_names(ImageModel& model, const Folder& folder) {
  if (folder.drawer()->kind.packed)
    return fail(Code::unsupported,
                printable(folder.drawer()->part.name, 120) +
                    ": its weights were made smaller for Apple's MLX, which the engine cannot read; take "
                    "the model in full size, and eai makes it smaller while it loads");
  if (!folder.drawer()->kind.diffusers) return {};
  switch (model.family) {
    case ImageFamily::sd1:
    case ImageFamily::sd2:
    case ImageFamily::sdxl:
      return take_as_folder(model, folder);
    case ImageFamily::sd3:
    case ImageFamily::flux2:
      return fail(Code::unsupported, printable(folder.drawer()->part.name, 120) + ": the engine cannot read " +
                                         std::string(name_of(model.family)) +
                                         " with diffusers' names; take the single file of its makers instead");
    default:
      return {};
  }
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

// A name of a configuration may end in the side of the pictures that the model was trained on ("flux-schnell-128"). Other
// numbers there, such as a year and month, are larger or no multiple of 64.
std::optional<std::uint32_t> side_in(std::string_view config_name) {
  const std::string_view word = config_name.substr(config_name.rfind('-') + 1);
  std::uint32_t side = 0;
  auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), side);
  if (wrong != std::errc{} || end != word.data() + word.size()) return {};
  if (side < 64 || side > 2048 || side % 64 != 0) return {};
  return side;
}

void apply_defaults(ImageModel& model, std::string_view config_name, Task task) {
  auto named = [&](std::string_view word) { return config_name.find(word) != std::string_view::npos; };
  if (model.family == ImageFamily::flux && model.variant == "dev") {
    if (named("kontext") || task == Task::image_edit) model.variant = "kontext";
  }
  // A distilled copy has the tensors of its original, so its name decides how many steps it takes.
  if (model.family == ImageFamily::flux && named("schnell")) model.variant = "schnell";
  model.references = model.variant == "kontext" || model.family == ImageFamily::flux2 ||
                     (model.family == ImageFamily::qwen_image && (task == Task::image_edit || named("edit")));
  Drawing d = drawing_of(model);
  model.steps = d.steps;
  model.guidance = d.guidance;
  model.cfg_scale = d.cfg_scale;
  model.width = model.height = side_in(config_name).value_or(d.side);
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
  const Candidate* drawer = folder.drawer();
  if (drawer == nullptr)
    return fail(Code::invalid,
                folder.candidates().empty()
                    ? "not an image model: none of its files is a diffusion model, a text encoder or a VAE"
                    : "the image model lacks its diffusion model (transformer or unet)");
  ImageModel model;
  model.family = drawer->kind.family;
  model.variant = drawer->kind.variant;
  model.parts = folder.chosen();
  EAI_CHECK(check_parts(model, drawer->kind.inside));
  EAI_CHECK(check_names(model, folder));
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

}  // namespace eai::model
