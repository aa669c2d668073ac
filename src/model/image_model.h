// Why: this finds out what kind of image model a folder holds, from the headers of its files and not from their names.
// Thread: any; these are pure functions.
// What holds: if a part is missing without which the family cannot draw, the error names it. Sizes are bytes of files.
// Source: the tensor names of the original repositories, and those of diffusers, which stable-diffusion.cpp converts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/gguf.h"
#include "model/metadata.h"
#include "util/result.h"

namespace eai::model {

enum class ImageFamily { flux, flux2, chroma, sd1, sd2, sdxl, sd3, qwen_image, z_image };
std::string_view name_of(ImageFamily family);

enum class ImageRole {
  checkpoint,  // everything in one file
  diffusion,
  clip_l,
  clip_g,
  t5xxl,
  llm,
  llm_vision,
  vae,
  tae,
  lora,
};
std::string_view name_of(ImageRole role);

struct ImagePart {
  ImageRole role = ImageRole::diffusion;
  std::string name;              // relative to the model's folder; the index of a part that consists of several files
  std::uint64_t size = 0;        // bytes
  std::uint64_t parameters = 0;  // numbers in it
  float scale = 1;               // of a LoRA
};

struct ImageModel {
  ImageFamily family = ImageFamily::flux;
  std::string variant;      // "dev", "schnell", "kontext", "fill"; empty if the family has none
  bool references = false;  // pictures to edit are references and not what drawing starts from
  std::vector<ImagePart> parts;
  bool as_folder = false;  // the engine gets the folder and finds the parts in it itself
  // What to draw with if a request does not say.
  std::uint32_t steps = 20;
  float guidance = 3.5F, cfg_scale = 1;
  std::uint32_t width = 1024, height = 1024;  // pixels
  std::uint32_t size_multiple = 16;           // pixels
  std::uint64_t weight_bytes() const;
  std::uint64_t parameters() const;
};

// A file of the folder. `read` is asked only for its header.
struct ImageFile {
  std::string name;  // relative to the model's folder
  std::uint64_t size = 0;
  ReadAt read;
};

// `config_name` comes from the metadata ("flux-dev", "flux-kontext-dev", "flux-schnell-128" …; may be empty) and says what
// headers cannot.
// Code::invalid if it is not an image model, if a file lies about itself or if a part is missing; Code::unsupported for
// a layout that the engine cannot read.
Result<ImageModel> recognise_image_model(const std::vector<ImageFile>& files, std::string_view config_name, Task task);

// The metadata.json of a LoRA folder: the hash of the model that the adapters are for, and how strong each of them is.
struct LoraFolder {
  std::string base_model;          // a CID that was not parsed yet
  std::vector<std::string> paths;  // plain relative names
  std::vector<float> scales;       // one per path
};
Result<LoraFolder> parse_lora_folder(std::string_view json);

}  // namespace eai::model
