#include "engine/image_fit.h"

#include <algorithm>
#include <vector>

#include "util/text.h"

namespace eai::engine {

namespace {

// Measured with stable-diffusion.cpp master-699: bytes that decoding takes per pixel, with an autoencoder and with a tiny
// one, and the side of a tile in pixels. What the diffusion takes grows with the model's weights as well.
constexpr std::uint64_t k_decode_per_pixel = 6656, k_tiny_decode_per_pixel = 1664, k_tile_side = 256;

bool has_role(const model::ImageModel& model, model::ImageRole role) {
  return std::ranges::find(model.parts, role, &model::ImagePart::role) != model.parts.end();
}

std::uint64_t compute_of(const model::ImageModel& model, bool tiles) {
  std::uint64_t pixels = std::uint64_t{model.width} * model.height;
  bool tiny = has_role(model, model::ImageRole::tae) && !has_role(model, model::ImageRole::vae);
  if (tiles) pixels = std::min(pixels, k_tile_side * k_tile_side);
  return pixels * (tiny ? k_tiny_decode_per_pixel : k_decode_per_pixel) + model.weight_bytes() / 16;
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

  auto need = [](const ImageFit& one) { return one.weights + one.compute + k_image_process; };
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

}  // namespace eai::engine
