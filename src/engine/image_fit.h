// Why: an image model can be made to fit: as it is; then with tiles and flash attention; then, on a GPU, with weights that
// stay in RAM; then with smaller weights. The first of these that fits is taken.
// Thread: any; pure functions.
// Source: figures of stable-diffusion.cpp's buffers, docs/engines.md.
#pragma once

#include <cstdint>
#include <string>

#include "engine/budget.h"
#include "model/image_model.h"

namespace eai::engine {

inline constexpr std::uint64_t k_image_process = 64 * k_mib;  // the engine without a model

struct ImageFit {
  bool tiles = false;         // decodes tile by tile, with flash attention
  bool offload = false;       // weights stay in RAM and go to the GPU part by part
  std::string type;           // weights are brought to this type; empty: as they are
  std::uint64_t weights = 0;  // bytes that the budget must have room for: of all parts, or of the largest
  std::uint64_t compute = 0;  // bytes
  std::string why;            // for people: what was chosen, and for what reason
};
enum class Offload { when_needed, always };
ImageFit fit_image_model(const model::ImageModel& model, const Budget& budget, Offload offload = Offload::when_needed);

}  // namespace eai::engine
