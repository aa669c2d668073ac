#include "engine/image.h"

#include <algorithm>
#include <optional>

namespace eai::engine {

namespace {

constexpr std::uint32_t k_slots = 8;  // it draws one picture at a time and tells the others their place
constexpr std::uint64_t k_process = 256 * k_mib;
constexpr std::uint64_t k_drawing = k_gib;  // buffers while a picture of a million pixels is drawn and decoded

struct Part {
  std::string option;
  fs::path file;
  std::uint64_t size = 0;  // bytes, all shards
};

bool is_weights(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.ends_with(".gguf") || name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json");
}

bool is_index(const fs::path& file) { return file.filename().string().ends_with(".index.json"); }

// What a file is, by words of its name; diffusers folders by the folder's.
std::string_view option_of(const fs::path& relative) {
  const std::string folder = relative.has_parent_path() ? relative.begin()->string() : std::string();
  if (folder == "transformer" || folder == "unet") return "--diffusion-model";
  if (folder == "text_encoder") return "--clip-l";
  if (folder == "text_encoder_2") return "--t5xxl";
  if (folder == "vae") return "--vae";
  const std::string name = relative.filename().string();
  const auto has = [&](std::string_view word) { return name.find(word) != std::string::npos; };
  if (has("t5xxl") || has("t5-") || has("t5_")) return "--t5xxl";
  if (has("clip_l") || has("clip-l")) return "--clip-l";
  if (has("clip_g") || has("clip-g")) return "--clip-g";
  if (has("taesd") || has("taef") || name.starts_with("tae")) return "--tae";
  if (has("vae") || name.starts_with("ae.")) return "--vae";
  return "--diffusion-model";
}

std::vector<Part> parts_of(const fs::path& folder) {
  std::vector<Part> parts;
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error))
    if (entry.is_regular_file(error) && is_weights(entry.path())) files.push_back(entry.path());
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    const std::string option(option_of(file.lexically_relative(folder)));
    auto part = std::ranges::find(parts, option, &Part::option);
    if (part == parts.end()) part = parts.insert(parts.end(), Part{option, file, 0});
    if (is_index(file)) part->file = file;  // stands for its shards
    else part->size += fs::file_size(file, error);
  }
  return parts;
}

}  // namespace

std::vector<std::string> image_arguments(const ModelSpec& spec, const Launch&, const std::string& socket) {
  std::vector<std::string> arguments = {"--socket", socket};
  const auto add_option = [&](const std::string& name, const std::string& value) {
    arguments.push_back(name);
    arguments.push_back(value);
  };
  std::error_code error;
  if (!fs::is_directory(spec.gguf, error)) add_option("--model", spec.gguf.string());
  else
    for (const Part& part : parts_of(spec.gguf)) add_option(part.option, part.file.string());
  for (const Adapter& adapter : spec.adapters) add_option("--lora", adapter.gguf.string() + ":" + std::to_string(adapter.scale));
  arguments.emplace_back("--mmap");
  if (spec.task == content::Task::image_edit) add_option("--edit", "reference");
  arguments.insert(arguments.end(), spec.extra_arguments.begin(), spec.extra_arguments.end());
  return arguments;
}

Result<Inspection> inspect_image_model(const ModelSpec& spec) {
  Inspection found;
  std::error_code error;
  if (!fs::exists(spec.gguf, error)) return fail(Code::not_found, spec.gguf.string() + " is not there");
  if (!fs::is_directory(spec.gguf, error)) {
    found.memory.weights = fs::file_size(spec.gguf, error);
  } else {
    const auto parts = parts_of(spec.gguf);
    if (std::ranges::find(parts, "--diffusion-model", &Part::option) == parts.end())
      return fail(Code::invalid, spec.gguf.string() + " holds no file that draws (.gguf or .safetensors)");
    for (const Part& part : parts) found.memory.weights += part.size;
  }
  found.memory.compute = std::min(k_drawing, found.memory.weights / 2 + 64 * k_mib);
  found.memory.process = k_process;
  found.launch.slots = spec.parallel == 0 ? k_slots : spec.parallel;
  found.launch.alias = spec.folder_name;
  return found;
}

}  // namespace eai::engine
