// Why: what kind of image model a folder holds, from the headers of its files and not from their names.
// Thread: any; pure functions.
// What holds: a part that the family cannot draw without is named in the error; sizes are bytes of files.
// Source: the tensor names of the original repositories and of diffusers; stable-diffusion.cpp converts the latter.
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
  std::string name;              // relative to the model's folder; of a part in several files, its index
  std::uint64_t size = 0;        // bytes
  std::uint64_t parameters = 0;  // numbers in it
  float scale = 1;               // of a LoRA
};

struct ImageModel {
  ImageFamily family = ImageFamily::flux;
  std::string variant;      // "dev", "schnell", "kontext", "fill"; empty where there are none
  bool references = false;  // pictures to edit are references, not the start of the drawing
  std::vector<ImagePart> parts;
  bool as_folder = false;  // the engine is given the folder, in which it finds the parts itself
  // What to draw with when a request is silent.
  std::uint32_t steps = 20;
  float guidance = 3.5F, cfg_scale = 1;
  std::uint32_t width = 1024, height = 1024;  // pixels
  std::uint32_t size_multiple = 16;           // pixels
  std::uint64_t weight_bytes() const;
  std::uint64_t parameters() const;
};

// A file of the folder. `read` is asked for its header only.
struct ImageFile {
  std::string name;  // relative to the model's folder
  std::uint64_t size = 0;
  ReadAt read;
};

// `config_name` as in the metadata ("flux-dev", "flux-kontext-dev" …, may be empty): it tells what headers cannot.
// Code::invalid: no image model, a file that lies about itself, or a part that is missing. Code::unsupported: a layout that
// the engine cannot read.
Result<ImageModel> recognise_image_model(const std::vector<ImageFile>& files, std::string_view config_name, Task task);

// metadata.json of a LoRA folder: which model the adapters are for, by its hash, and how strong each is.
struct LoraFolder {
  std::string base_model;          // a CID, not yet parsed
  std::vector<std::string> paths;  // plain relative names
  std::vector<float> scales;       // one per path
};
Result<LoraFolder> parse_lora_folder(std::string_view json);

}  // namespace eai::model
