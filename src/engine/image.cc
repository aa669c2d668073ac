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
// Measured with stable-diffusion.cpp master-699: what decoding takes per pixel, with an autoencoder and with a tiny one, and
// the side of a tile. The diffusion itself grows with the model's weights too.
constexpr std::uint64_t k_decode_per_pixel = 6656, k_tiny_decode_per_pixel = 1664, k_tile_side = 256;

// All regular files below `folder`, or the one file, by name. Files stay open while headers are read.
Result<std::vector<model::ImageFile>> files_of(const fs::path& path) {
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

bool has_role(const model::ImageModel& model, model::ImageRole role) {
  return std::ranges::find(model.parts, role, &model::ImagePart::role) != model.parts.end();
}

// What the engine finds by itself when it is given a diffusers folder.
bool in_diffusers_folder(model::ImageRole role) {
  using enum model::ImageRole;
  return role == diffusion || role == clip_l || role == clip_g || role == vae;
}

std::uint64_t compute_of(const model::ImageModel& model, bool tiles) {
  std::uint64_t pixels = std::uint64_t{model.width} * model.height;
  bool tiny = has_role(model, model::ImageRole::tae) && !has_role(model, model::ImageRole::vae);
  if (tiles) pixels = std::min(pixels, k_tile_side * k_tile_side);
  return pixels * (tiny ? k_tiny_decode_per_pixel : k_decode_per_pixel) + model.weight_bytes() / 16;
}

std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

// ggml's blocks of 32 numbers take 34 and 18 bytes.
struct Smaller {
  const char* type;
  std::uint64_t block;
};
constexpr Smaller k_as_it_is{"", 0}, k_eight_bits{"q8_0", 34}, k_four_bits{"q4_0", 18};

std::uint64_t bytes_of(const model::ImagePart& part, const Smaller& smaller) {
  return smaller.block == 0 ? part.size : std::min(part.size, part.parameters / 32 * smaller.block);
}

enum class Count { all, largest };

std::uint64_t weights_of(const model::ImageModel& model, const Smaller& smaller, Count count) {
  std::uint64_t all = 0, largest = 0;
  for (const model::ImagePart& part : model.parts) {
    all += bytes_of(part, smaller);
    largest = std::max(largest, bytes_of(part, smaller));
  }
  return count == Count::all ? all : largest;
}

// With weights that stay in RAM, a GPU holds one part at a time.
ImageFit attempt(const model::ImageModel& model, const Budget& budget, bool tiles, bool offload,
                 const Smaller& smaller) {
  ImageFit fit;
  fit.tiles = tiles;
  fit.offload = offload;
  fit.type = smaller.type;
  fit.weights = weights_of(model, smaller, offload && budget.on_device ? Count::largest : Count::all);
  fit.compute = compute_of(model, tiles);
  return fit;
}

std::string words_for(const model::ImageModel& model, const ImageFit& fit) {
  std::string out = fit.tiles ? "pictures decoded in tiles, with flash attention (" +
                                    human_bytes(compute_of(model, false)) + " become " + human_bytes(fit.compute) + ")"
                              : "pictures decoded in one piece";
  if (fit.offload) out += ", weights stay in RAM and go to the GPU when they are needed";
  if (!fit.type.empty()) {
    const Smaller& smaller = fit.type == k_eight_bits.type ? k_eight_bits : k_four_bits;
    out += ", weights brought to " + fit.type + " while loading (" + human_bytes(model.weight_bytes()) + " become " +
           human_bytes(weights_of(model, smaller, Count::all)) + ")";
  }
  return out;
}

}  // namespace

ImageFit fit_image_model(const model::ImageModel& model, const Budget& budget, Offload offload) {
  const bool always = offload == Offload::always;
  const bool may_offload = always || (budget.on_device && model.weight_bytes() <= budget.beyond);
  std::vector<ImageFit> attempts{attempt(model, budget, false, always, k_as_it_is),
                                 attempt(model, budget, true, always, k_as_it_is)};
  if (may_offload && !always) attempts.push_back(attempt(model, budget, true, true, k_as_it_is));
  // Weights that are small already are left alone.
  for (const Smaller& smaller : {k_eight_bits, k_four_bits})
    if (weights_of(model, smaller, Count::all) < model.weight_bytes())
      attempts.push_back(attempt(model, budget, true, may_offload, smaller));

  auto need = [](const ImageFit& one) { return one.weights + one.compute + k_process; };
  auto fits = [&](const ImageFit& one) { return need(one) <= budget.bytes; };
  const auto found = std::ranges::find_if(attempts, fits);
  ImageFit fit = found == attempts.end() ? attempts.back() : *found;
  fit.why = words_for(model, fit);
  if (!fit.tiles) {
    fit.why = "weights as in the files, " + fit.why + ": it fits as it is";
    return fit;
  }
  fit.why += fits(fit) ? ": " + human_bytes(need(attempts.front())) + " would not fit " : ": still more than fits ";
  fit.why += "the budget of " + human_bytes(budget.bytes);
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
  // Adapters may be written into the weights, which a mapped file does not allow.
  if (!adapted && fit.type.empty()) arguments.emplace_back("--mmap");

  found.info.architecture = std::string(name_of(model.family));
  found.info.name = model.variant;
  found.memory.weights = fit.weights;
  found.memory.compute = fit.compute;
  found.memory.process = k_process;
  found.memory.note = fit.why;
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
