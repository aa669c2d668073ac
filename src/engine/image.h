// Why: the engine kind eai-image-engine: what a folder of image files is, how it fits into memory, its command line.
// Thread: any; inspect_image_model blocks on the disk, image_arguments is pure.
// Source: image_engine/README.md; figures of stable-diffusion.cpp's buffers: docs/engines.md.
// What holds: parts are told by their headers (content/image_model.h). What the budget asks for is decided once, at inspection,
// and written into the Launch with the reasons.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/memory.h"
#include "model/image_model.h"

namespace eai::engine {

inline constexpr std::string_view k_image_engine = "eai-image-engine";
// An extra argument that people may choose: weights stay in RAM, and go to the GPU when they are needed.
inline constexpr std::string_view k_offload = "--offload-to-cpu";

std::vector<std::string> image_arguments(const ModelSpec& spec, const Launch& launch, const std::string& socket);

// Code::not_found or Code::invalid when the parts that draw are not there; the missing one is named.
Result<Inspection> inspect_image_model(const ModelSpec& spec, const std::vector<Device>& devices);

// How a model is made to fit: as it is; with tiles and flash attention; on a GPU with weights that stay in RAM; then with
// smaller weights.
struct ImageFit {
  bool tiles = false;         // decode tile by tile, flash attention
  bool offload = false;       // weights stay in RAM and go to the GPU part by part
  std::string type;           // weights are brought to this type; empty: as they are
  std::uint64_t weights = 0;  // bytes that the budget has to have room for: of all parts, or of the largest
  std::uint64_t compute = 0;  // bytes
  std::string why;            // for people: what was chosen, and for what
};
enum class Offload { when_needed, always };
ImageFit fit_image_model(const model::ImageModel& model, const Budget& budget, Offload offload = Offload::when_needed);

}  // namespace eai::engine
