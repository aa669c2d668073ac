#include "engine/image.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include <fcntl.h>

#include "util/text.h"

namespace eai::engine {

namespace {

constexpr std::uint32_t k_slots = 64;  // it draws one job at a time and tells the others their place in its queue
constexpr std::uint64_t k_process = 64 * k_mib;
// Measured with stable-diffusion.cpp at 512x512: what decoding takes per pixel, whole and in tiles; and the diffusion
// itself, which grows with the model's weights too.
constexpr std::uint64_t k_decode_per_pixel = 2100, k_decode_tiled = 180 * k_mib, k_tiny_decode_per_pixel = 400;

// All regular files below `folder`, or the one file, by name. Files stay open while headers are read.
Result<std::vector<content::ImageFile>> files_of(const fs::path& path) {
  std::error_code error;
  std::vector<fs::path> paths;
  if (fs::is_directory(path, error)) {
    for (const auto& entry : fs::recursive_directory_iterator(path, error))
      if (entry.is_regular_file(error)) paths.push_back(entry.path());
  } else if (fs::exists(path, error)) {
    paths.push_back(path);
  } else {
    return fail(Code::not_found, path.string() + " is not there");
  }
  std::ranges::sort(paths);
  std::vector<content::ImageFile> files;
  for (const fs::path& file : paths) {
    EAI_TRY(UniqueFd descriptor, open_file(file, O_RDONLY));
    auto shared = std::make_shared<UniqueFd>(std::move(descriptor));
    content::ImageFile one;
    one.name = paths.size() == 1 && file == path ? file.filename().string() : file.lexically_relative(path).string();
    one.size = fs::file_size(file, error);
    one.read = [shared](std::uint64_t offset, std::span<std::uint8_t> into) {
      return read_at(shared->get(), offset, into);
    };
    files.push_back(std::move(one));
  }
  return files;
}

bool has_role(const content::ImageModel& model, content::ImageRole role) {
  return std::ranges::find(model.parts, role, &content::ImagePart::role) != model.parts.end();
}

std::uint64_t compute_of(const content::ImageModel& model, bool tiles) {
  std::uint64_t pixels = std::uint64_t{model.width} * model.height;
  bool tiny = has_role(model, content::ImageRole::tae) && !has_role(model, content::ImageRole::vae);
  std::uint64_t decode = pixels * (tiny ? k_tiny_decode_per_pixel : k_decode_per_pixel);
  if (tiles) decode = std::min(decode, k_decode_tiled);
  return decode + model.weight_bytes() / 16;
}

std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string budget_text(std::uint64_t budget) { return "the budget of " + human_bytes(budget); }

}  // namespace

ImageFit fit_image_model(const content::ImageModel& model, std::uint64_t budget) {
  ImageFit fit;
  fit.weights = model.weight_bytes();
  fit.compute = compute_of(model, false);
  auto fits = [&] { return fit.weights + fit.compute + k_process <= budget; };
  if (budget == 0 || fits()) {
    fit.why = "weights as in the files, pictures decoded in one piece: it fits as it is";
    return fit;
  }
  const std::uint64_t whole = fit.weights + fit.compute + k_process;
  const std::uint64_t in_one_piece = fit.compute;
  fit.tiles = true;
  fit.compute = compute_of(model, true);
  fit.why = "pictures decoded in tiles, with flash attention (" + human_bytes(in_one_piece) + " become " +
            human_bytes(fit.compute) + ")";
  auto reason = [&] {
    fit.why += fits() ? ": " + human_bytes(whole) + " would not fit " : ": still more than fits ";
    fit.why += budget_text(budget);
  };
  if (fits()) {
    reason();
    return fit;
  }
  // ggml's blocks of 32 numbers take 34 and 18 bytes. Weights that are smaller already are left alone.
  struct Smaller {
    const char* type;
    std::uint64_t block;
  };
  for (const Smaller& smaller : {Smaller{"q8_0", 34}, Smaller{"q4_0", 18}}) {
    std::uint64_t weights = model.parameters() / 32 * smaller.block;
    if (weights >= fit.weights) continue;
    fit.type = smaller.type;
    fit.weights = weights;
    if (fits()) break;
  }
  if (!fit.type.empty())
    fit.why += ", weights brought to " + fit.type + " while loading (" + human_bytes(model.weight_bytes()) +
               " become " + human_bytes(fit.weights) + ")";
  reason();
  return fit;
}

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

Result<Inspection> inspect_image_model(const ModelSpec& spec) {
  EAI_TRY(std::vector<content::ImageFile> files, files_of(spec.gguf));
  EAI_TRY(content::ImageModel model, content::recognise_image_model(files, spec.config_name, spec.task));
  ImageFit fit = fit_image_model(model, spec.memory_budget > 0 ? spec.memory_budget : find_budget().bytes);

  Inspection found;
  std::vector<std::string>& arguments = found.launch.engine_arguments;
  auto add = [&](const std::string& name, const std::string& value) {
    arguments.push_back("--" + name);
    arguments.push_back(value);
  };
  std::error_code error;
  bool is_folder = fs::is_directory(spec.gguf, error);
  bool adapted = !spec.adapters.empty();
  for (const content::ImagePart& part : model.parts) {
    std::string path = (is_folder ? spec.gguf / part.name : spec.gguf).string();
    bool lora = part.role == content::ImageRole::lora;
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
  if (fit.tiles) arguments.insert(arguments.end(), {"--vae-tiling", "--diffusion-fa"});
  // Adapters may be written into the weights, which a mapped file does not allow.
  if (!adapted && fit.type.empty()) arguments.emplace_back("--mmap");

  found.info.architecture = std::string(name_of(model.family));
  found.info.name = model.variant;
  found.memory.weights = fit.weights;
  found.memory.compute = fit.compute;
  found.memory.process = k_process;
  found.memory.note = fit.why;
  if (std::ranges::find(spec.extra_arguments, k_offload) != spec.extra_arguments.end())
    found.memory.note += "; weights stay in RAM and go to the GPU when they are needed";
  for (const Adapter& adapter : spec.adapters) {
    const std::uint64_t size = fs::file_size(adapter.gguf, error);
    if (error) return fail(Code::not_found, "the adapter " + adapter.gguf.string() + " is not there");
    found.memory.companions += size;
  }
  found.launch.slots = spec.parallel == 0 ? k_slots : spec.parallel;
  found.launch.alias = spec.folder_name;
  return found;
}

}  // namespace eai::engine
