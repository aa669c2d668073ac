// Why: the engine kind eai-image-engine: its command line from a model.
// Thread: any; both look at the disk.
// Source: image_engine/README.md.
// A model is one file with everything inside, or a folder: parts in files whose names tell what they are, or the folders of
// a diffusers pipeline (transformer, text_encoder, text_encoder_2, vae).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/memory.h"

namespace eai::engine {

inline constexpr std::string_view k_image_engine = "eai-image-engine";

std::vector<std::string> image_arguments(const ModelSpec& spec, const Launch& launch, const std::string& socket);

// Code::not_found or Code::invalid when the parts that draw are not there.
Result<Inspection> inspect_image_model(const ModelSpec& spec);

}  // namespace eai::engine
