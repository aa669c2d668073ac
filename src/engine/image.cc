#include "engine/image.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include <fcntl.h>

#include "engine/image_fit.h"
#include "engine/state_line.h"

namespace eai::engine {

namespace {

constexpr std::array k_tasks = {model::Task::image_generation, model::Task::image_edit};
constexpr std::uint32_t k_slots = 64;  // it draws one job at a time and tells the others their place in its queue
// Weights stay in RAM, and go to the GPU when they are needed.
constexpr std::string_view k_offload = "--offload-to-cpu";

// All regular files below `path`, or the one file, by name. Files stay open while headers are read.
Result<std::vector<model::ImageFile>> files_of(const fs::path& path) {
  std::error_code error;
  std::vector<fs::path> paths;
  if (fs::is_directory(path, error)) {
    for (const auto& entry : fs::recursive_directory_iterator(path, error))
      if (entry.is_regular_file(error)) paths.push_back(entry.path());
  } else if (fs::exists(path, error)) {
    paths.push_back(path);
  } else {
    return fail(Code::not_found, path.string() + " does not exist");
  }
  std::ranges::sort(paths);
  std::vector<model::ImageFile> files;
  for (const fs::path& file : paths) {
    EAI_TRY(UniqueFd descriptor, open_file(file, O_RDONLY));
    auto shared = std::make_shared<UniqueFd>(std::move(descriptor));
    model::ImageFile one;
    one.name = paths.size() == 1 && file == path ? file.filename().string() : file.lexically_relative(path).string();
    one.size = fs::file_size(file, error);
    one.read = [shared](std::uint64_t offset, std::span<std::uint8_t> into) {
      return read_at(shared->get(), offset, into);
    };
    files.push_back(std::move(one));
  }
  return files;
}

// What the engine finds by itself if it is given a diffusers folder.
bool in_diffusers_folder(model::ImageRole role) {
  using enum model::ImageRole;
  return role == diffusion || role == clip_l || role == clip_g || role == vae;
}

std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

// Names in measured.json: what the budget, not the user, had done to the model.
std::string variant_of(const ImageFit& fit, bool offload_was_wanted) {
  std::string variant = fit.type.empty() ? "" : "/" + fit.type;
  if (fit.offload && !offload_was_wanted) variant += "/offload";
  return fit.tiles ? variant + "/tiles" : variant;
}

void take_wishes(ModelSpec& spec, const Wishes& wishes) {
  spec.memory_budget = wishes.memory_budget;
  if (wishes.picture_metadata) spec.extra_arguments.emplace_back("--image-metadata");
  if (wishes.weights_in_ram) spec.extra_arguments.emplace_back(k_offload);
}

}  // namespace

std::vector<std::string> image_arguments(const ModelSpec& spec, const Launch& launch, const std::string& socket) {
  std::vector<std::string> arguments = {"--socket", socket, "--supervised"};
  arguments.insert(arguments.end(), launch.engine_arguments.begin(), launch.engine_arguments.end());
  for (const Adapter& adapter : spec.adapters) {
    arguments.emplace_back("--lora");
    arguments.push_back(adapter.gguf.string() + ":" + text_of(adapter.scale));
  }
  arguments.insert(arguments.end(), spec.extra_arguments.begin(), spec.extra_arguments.end());
  return arguments;
}

Result<Inspection> inspect_image_model(const ModelSpec& spec, const std::vector<Device>& devices) {
  EAI_TRY(std::vector<model::ImageFile> files, files_of(spec.gguf));
  EAI_TRY(model::ImageModel model, model::recognise_image_model(files, spec.config_name, spec.task));
  Budget budget = find_budget(devices);
  if (spec.memory_budget > 0) budget.bytes = spec.memory_budget;
  const bool wanted = std::ranges::find(spec.extra_arguments, k_offload) != spec.extra_arguments.end();
  const ImageFit fit = fit_image_model(model, budget, wanted ? Offload::always : Offload::when_needed);

  Inspection found;
  std::vector<std::string>& arguments = found.launch.engine_arguments;
  auto add = [&](const std::string& name, const std::string& value) {
    arguments.push_back("--" + name);
    arguments.push_back(value);
  };
  std::error_code error;
  bool is_folder = fs::is_directory(spec.gguf, error);
  bool adapted = !spec.adapters.empty();
  if (model.as_folder) add("model", spec.gguf.string());
  for (const model::ImagePart& part : model.parts) {
    if (model.as_folder && in_diffusers_folder(part.role)) continue;
    std::string path = (is_folder ? spec.gguf / part.name : spec.gguf).string();
    bool lora = part.role == model::ImageRole::lora;
    adapted = adapted || lora;
    add(std::string(name_of(part.role)), lora ? path + ":" + text_of(part.scale) : path);
  }
  add("steps", std::to_string(model.steps));
  add("guidance", text_of(model.guidance));
  add("cfg-scale", text_of(model.cfg_scale));
  add("size", std::to_string(model.width) + "x" + std::to_string(model.height));
  add("size-multiple", std::to_string(model.size_multiple));
  if (model.references) add("edit", "reference");
  if (!fit.type.empty()) add("type", fit.type);
  if (fit.offload && !wanted) arguments.emplace_back(k_offload);
  if (fit.tiles) arguments.insert(arguments.end(), {"--vae-tiling", "--diffusion-fa"});
  found.launch.variant = variant_of(fit, wanted);
  // Adapters may be written into the weights, which a mapped file does not allow.
  if (!adapted && fit.type.empty()) arguments.emplace_back("--mmap");

  found.info.architecture = std::string(name_of(model.family));
  found.info.name = model.variant;
  found.memory.weights = fit.weights;
  found.memory.compute = fit.compute;
  found.memory.process = k_image_process;
  found.memory.note = fit.why;
  for (const Adapter& adapter : spec.adapters) {
    const std::uint64_t size = fs::file_size(adapter.gguf, error);
    if (error) return fail(Code::not_found, "the adapter " + adapter.gguf.string() + " does not exist");
    found.memory.companions += size;
  }
  found.launch.slots = spec.parallel == 0 ? k_slots : spec.parallel;
  found.launch.alias = spec.folder_name;
  return found;
}

constinit const EngineKind k_image{
    .program = "eai-image-engine",
    .tasks = k_tasks,
    .take_wishes = take_wishes,
    .inspect = inspect_image_model,
    .arguments = image_arguments,
    .environment = {},
    .read_line = read_state_line,
    .health = "/health",
    .progress = {},
};

}  // namespace eai::engine
