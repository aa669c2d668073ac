// Why: the names and widths of its tensors show which part of an image model a file is.
// Thread: any; this is a pure function.
// Source: the tensor names of the original repositories and of diffusers, and which of them stable-diffusion.cpp
// (master-699) can read.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/image_model.h"

namespace eai::model {

// The name and the width (the innermost side) of each tensor.
using ImageTensors = std::map<std::string, std::uint64_t, std::less<>>;

struct ImageFileKind {
  std::optional<ImageRole> role;           // nothing if it is not part of an image model
  ImageFamily family = ImageFamily::flux;  // of a checkpoint or a diffusion model
  std::string variant;                     // as in ImageModel
  bool diffusers = false;                  // a diffusion model whose tensors have diffusers' names
  bool packed = false;                     // weights in MLX's own packing ("x.scales" beside "x.weight")
  std::set<ImageRole> inside;              // of a checkpoint: the other parts that it holds
};

ImageFileKind kind_of_tensors(const ImageTensors& tensors);

}  // namespace eai::model
