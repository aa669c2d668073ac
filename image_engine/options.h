// Why: the engine's command line says which files make up the model, how memory is used and what is drawn by default.
// Thread: these are plain values.
// What holds: README.md lists the same options. Paths are not checked here; the library opens them as they are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "util/result.h"

namespace eai::image_engine {

enum class EditMode {
  init,       // the picture to edit is the start of the drawing
  reference,  // it is a reference beside the drawing
};

struct Lora {
  std::string path;
  float scale = 1;
};

struct ModelFiles {
  std::string model, diffusion_model, clip_l, clip_g, t5xxl, llm, llm_vision, vae, tae;
  std::vector<Lora> loras;
};

struct Memory {
  std::string type;  // ggml's name; empty: as in the files
  bool mmap = false, offload = false, vae_tiling = false, flash_attention = false;
  int threads = 0;  // 0: one per core
};

struct Defaults {
  int steps = 20;
  float guidance = 3.5F;
  float cfg_scale = 1;
  int width = 1024, height = 1024;  // pixels
  EditMode edit = EditMode::init;
};

struct Bounds {
  int size_multiple = 64;                 // pixels
  std::int64_t max_pixels = 2048 * 2048;  // of a picture that is drawn; what is sent is brought to that
  std::size_t queue = 64;                 // waiting jobs
  std::size_t queue_bytes = 256U << 20;   // of the pictures that waiting jobs hold
};

struct Options {
  std::string socket;
  ModelFiles files;
  Memory memory;
  Defaults defaults;
  Bounds bounds;
  bool image_metadata = false;
  bool supervised = false;
};

// Prints help or version and exits for --help and --version. Code::invalid says which option is wrong.
Result<Options> parse_options(int argc, char** argv);

// "WxH", pixels. Code::invalid.
Result<void> parse_size(const std::string& text, int& width, int& height);

}  // namespace eai::image_engine
