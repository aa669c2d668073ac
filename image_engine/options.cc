#include "options.h"

#include <charconv>
#include <cstdlib>
#include <thread>

#include <CLI/CLI.hpp>

namespace eai::image_engine {
namespace {

Lora parse_lora(const std::string& text) {
  auto colon = text.rfind(':');
  Lora lora{text, 1};
  if (colon == std::string::npos) return lora;
  char* end = nullptr;
  float scale = std::strtof(text.c_str() + colon + 1, &end);
  if (end == text.c_str() + colon + 1 || *end != '\0') return lora;  // a colon that belongs to the path
  return Lora{text.substr(0, colon), scale};
}

void add_model_options(CLI::App& app, ModelFiles& files, std::vector<std::string>& loras) {
  app.add_option("--model", files.model, "checkpoint with everything inside");
  app.add_option("--diffusion-model", files.diffusion_model, "diffusion model alone");
  app.add_option("--clip-l", files.clip_l, "text encoder CLIP-L");
  app.add_option("--clip-g", files.clip_g, "text encoder CLIP-G");
  app.add_option("--t5xxl", files.t5xxl, "text encoder T5");
  app.add_option("--llm", files.llm, "text encoder that is a language model");
  app.add_option("--llm-vision", files.llm_vision, "its vision part");
  app.add_option("--vae", files.vae, "picture decoder");
  app.add_option("--tae", files.tae, "tiny picture decoder: for previews, or alone in place of --vae");
  app.add_option("--lora", loras, "FILE[:SCALE], applied to every picture")->allow_extra_args(false);
}

void add_other_options(CLI::App& app, Options& o, std::string& size) {
  app.add_option("--type", o.memory.type, "bring weights to this type while loading");
  app.add_flag("--mmap", o.memory.mmap, "map weights from their files");
  app.add_flag("--offload-to-cpu", o.memory.offload, "keep weights in RAM");
  app.add_flag("--vae-tiling", o.memory.vae_tiling, "decode tile by tile");
  app.add_flag("--diffusion-fa", o.memory.flash_attention, "flash attention in the diffusion model");
  app.add_option("--threads", o.memory.threads, "default: one per core")->check(CLI::Range(0, 1024));
  app.add_option("--steps", o.defaults.steps, "default steps")->check(CLI::Range(1, 200));
  app.add_option("--guidance", o.defaults.guidance, "default distilled guidance")->check(CLI::Range(0.0, 100.0));
  app.add_option("--cfg-scale", o.defaults.cfg_scale, "default scale of text guidance")->check(CLI::Range(0.0, 100.0));
  app.add_option("--size", size, "default size, WxH");
  app.add_option("--edit", o.defaults.edit, "how pictures to edit are used")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, EditMode>{{"init", EditMode::init}, {"reference", EditMode::reference}}));
  app.add_option("--size-multiple", o.bounds.size_multiple, "of width and height")->check(CLI::Range(1, 256));
  app.add_option("--max-pixels", o.bounds.max_pixels, "of a picture")->check(CLI::Range(4096, 1 << 28));
  app.add_option("--queue", o.bounds.queue, "waiting jobs")->check(CLI::Range(0, 10000));
  app.add_flag("--image-metadata", o.image_metadata, "files tell prompt, seed and steps");
  app.add_flag("--supervised", o.supervised, "state on stdout; ends when stdin does");
}

}  // namespace

Result<void> parse_size(const std::string& text, int& width, int& height) {
  const char* end = text.data() + text.size();
  int w = 0;
  int h = 0;
  auto first = std::from_chars(text.data(), end, w);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != 'x')
    return fail(Code::invalid, "a size is written WIDTHxHEIGHT, as 512x512");
  auto second = std::from_chars(first.ptr + 1, end, h);
  if (second.ec != std::errc{} || second.ptr != end)
    return fail(Code::invalid, "a size is written WIDTHxHEIGHT, as 512x512");
  width = w;
  height = h;
  return {};
}

Result<Options> parse_options(int argc, char** argv) {
  CLI::App app{"draws pictures for eai; see image_engine/README.md"};
  app.set_version_flag("--version", EAI_IMAGE_ENGINE_VERSION);
  Options o;
  std::vector<std::string> loras;
  std::string size;
  app.add_option("--socket", o.socket, "Unix socket to listen on")->required();
  add_model_options(app, o.files, loras);
  add_other_options(app, o, size);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) std::exit(app.exit(e));
    return fail(Code::invalid, e.what());
  }
  for (const auto& lora : loras) o.files.loras.push_back(parse_lora(lora));
  if (!size.empty()) EAI_CHECK(parse_size(size, o.defaults.width, o.defaults.height));
  if (o.files.model.empty() == o.files.diffusion_model.empty())
    return fail(Code::invalid, "one of --model and --diffusion-model names the model");
  if (o.memory.threads == 0) o.memory.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return o;
}

}  // namespace eai::image_engine
