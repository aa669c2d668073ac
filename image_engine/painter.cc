#include "painter.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <new>

#include <stable-diffusion.h>

namespace eai::image_engine {
namespace {

std::string last_complaint;  // of the library, for our own errors
bool sampling = false;

void on_log(sd_log_level_t level, const char* text, void*) {
  if (level < SD_LOG_INFO) return;  // below that prompts are printed
  std::fputs(text, stderr);
  if (std::strstr(text, "generating image: ") != nullptr) sampling = true;
  if (std::strstr(text, "sampling completed") != nullptr) sampling = false;
  if (level < SD_LOG_WARN) return;
  last_complaint = text;
  if (auto at = last_complaint.find(" - "); at != std::string::npos) last_complaint.erase(0, at + 3);  // file and line
  while (!last_complaint.empty() && last_complaint.back() == '\n') last_complaint.pop_back();
}

Failure complaint(const std::string& what) {
  return fail(Code::io, last_complaint.empty() ? what : what + ": " + last_complaint);
}

sd_image_t as_sd(const Picture& p) {
  return {static_cast<std::uint32_t>(p.width), static_cast<std::uint32_t>(p.height),
          static_cast<std::uint32_t>(p.channels), const_cast<std::uint8_t*>(p.pixels.data())};
}

Picture from_sd(const sd_image_t& image) {
  Picture p{static_cast<int>(image.width), static_cast<int>(image.height), static_cast<int>(image.channel), {}};
  p.pixels.assign(image.data, image.data + std::size_t{image.width} * image.height * image.channel);
  return p;
}

struct FreeContext {
  void operator()(sd_ctx_t* context) const { free_sd_ctx(context); }
};

struct FreeImages {
  void operator()(sd_image_t* images) const { free_sd_images(images, 1); }
};

// The library reports reading, sampling and decoding through one callback; its log tells where sampling begins and ends.
// Adapters are read again before each picture, and to throw then would end the process. A sampling begins with step 0 of
// as many steps as we asked for, and then goes up one by one.
class Progress {
 public:
  Progress(const PaintEvents& events, int steps) : events_(events), steps_(steps) {
    sampling = false;
    sd_set_progress_callback(&Progress::report, this);
    sd_set_prompt_callback(&Progress::stop_if_cancelled, this);
  }
  ~Progress() {
    sd_set_progress_callback(nullptr, nullptr);
    sd_set_prompt_callback(nullptr, nullptr);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  static void report(int step, int steps, float, void* self) { static_cast<Progress*>(self)->on(step, steps); }

  static void stop_if_cancelled(void* self) {
    if (static_cast<Progress*>(self)->events_.cancelled()) throw Cancelled{};
  }

  void on(int step, int steps) {
    if (!sampling || steps != steps_ || step != next_) return;
    ++next_;
    stop_if_cancelled(this);
    if (step > 0) events_.on_step(step, steps);
  }

  const PaintEvents& events_;
  int steps_;
  int next_ = 0;
};

class Previews {
 public:
  Previews(const PaintEvents& events, preview_t mode, int wanted, int steps)
      : events_(events), wanted_(wanted), steps_(steps) {
    if (wanted > 0)
      sd_set_preview_callback(&Previews::report, mode, std::max(1, steps / (wanted + 1)), true, false, this);
  }
  ~Previews() { sd_set_preview_callback(nullptr, PREVIEW_NONE, 1, true, false, nullptr); }
  Previews(const Previews&) = delete;
  Previews& operator=(const Previews&) = delete;

 private:
  static void report(int step, int count, sd_image_t* frames, bool, void* data) {
    auto* self = static_cast<Previews*>(data);
    if (count < 1 || step >= self->steps_ || self->wanted_ <= 0) return;
    --self->wanted_;
    self->events_.on_preview(step, self->steps_, from_sd(frames[0]));
  }

  const PaintEvents& events_;
  int wanted_;
  int steps_;
};

// Of an edit that keeps something of its start, only the last steps are drawn.
int steps_to_draw(const sd_img_gen_params_t& p) {
  const int steps = p.sample_params.sample_steps;
  if (p.init_image.data == nullptr || p.strength >= 1) return steps;
  return std::min(static_cast<int>(static_cast<float>(steps) * p.strength), steps - 1) + 1;
}

void fill_context(const Options& o, sd_ctx_params_t& p) {
  sd_ctx_params_init(&p);
  p.model_path = o.files.model.c_str();
  p.diffusion_model_path = o.files.diffusion_model.c_str();
  p.clip_l_path = o.files.clip_l.c_str();
  p.clip_g_path = o.files.clip_g.c_str();
  p.t5xxl_path = o.files.t5xxl.c_str();
  p.llm_path = o.files.llm.c_str();
  p.llm_vision_path = o.files.llm_vision.c_str();
  p.vae_path = o.files.vae.c_str();
  p.taesd_path = o.files.tae.c_str();
  p.tae_preview_only = !o.files.vae.empty() && !o.files.tae.empty();
  if (!o.memory.type.empty()) p.wtype = str_to_sd_type(o.memory.type.c_str());
  p.enable_mmap = o.memory.mmap;
  p.diffusion_flash_attn = o.memory.flash_attention;
  p.n_threads = o.memory.threads;
  if (o.memory.offload) p.params_backend = "cpu";
}

}  // namespace

struct Painter::Impl {
  Options options;
  std::vector<sd_lora_t> loras;
  std::unique_ptr<sd_ctx_t, FreeContext> context;

  void fill(const Request& r, int index, sd_img_gen_params_t& p, std::vector<sd_image_t>& references) const {
    sd_img_gen_params_init(&p);
    p.loras = loras.data();
    p.lora_count = static_cast<std::uint32_t>(loras.size());
    p.prompt = r.prompt.c_str();
    p.negative_prompt = r.negative_prompt.c_str();
    p.width = r.width;
    p.height = r.height;
    p.sample_params.sample_steps = r.steps;
    p.sample_params.guidance.txt_cfg = r.cfg_scale;
    p.sample_params.guidance.distilled_guidance = r.guidance;
    p.sample_params.sample_method = sd_get_default_sample_method(context.get());
    p.sample_params.scheduler = sd_get_default_scheduler(context.get(), p.sample_params.sample_method);
    p.seed = r.seed + index;
    p.strength = r.strength;
    // What is larger than the model's own size takes no more memory to decode than that was counted with.
    const Defaults& own = options.defaults;
    const bool larger = std::int64_t{r.width} * r.height > std::int64_t{own.width} * own.height;
    p.vae_tiling_params.enabled = options.memory.vae_tiling || larger;
    if (!r.mask.pixels.empty()) p.mask_image = as_sd(r.mask);
    if (r.images.empty()) return;
    if (options.defaults.edit == EditMode::init) {
      p.init_image = as_sd(r.images.front());
      return;
    }
    for (const Picture& image : r.images) references.push_back(as_sd(image));
    p.ref_images = references.data();
    p.ref_images_count = static_cast<int>(references.size());
    p.auto_resize_ref_image = true;
    if (r.mask.pixels.empty()) return;
    // What the mask keeps is the first picture's; the rest begins with noise alone.
    p.init_image = references.front();
    p.strength = 1;
  }
};

Painter::Painter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Painter::~Painter() = default;

Result<std::unique_ptr<Painter>> Painter::load(const Options& options, std::function<void(double)> on_progress) {
  sd_set_log_callback(on_log, nullptr);
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  for (const Lora& lora : impl->options.files.loras) impl->loras.push_back({false, lora.scale, lora.path.c_str()});
  sd_ctx_params_t params;
  fill_context(impl->options, params);
  if (!options.memory.type.empty() && params.wtype == SD_TYPE_COUNT)
    return fail(Code::invalid, "--type " + options.memory.type + " is not known");
  impl->context.reset(new_sd_ctx(&params));
  if (!impl->context) return complaint("the model cannot be loaded");
  if (!sd_ctx_supports_image_generation(impl->context.get()))
    return fail(Code::unsupported, "this model draws no pictures");

  // The first picture reads the weights; its reports are the progress of loading.
  sd_set_progress_callback(
      [](int step, int steps, float, void* data) {
        if (steps > 1) (*static_cast<std::function<void(double)>*>(data))(static_cast<double>(step) / steps);
      },
      &on_progress);
  Request tiny;
  tiny.prompt = "a dot";
  tiny.steps = 1;
  tiny.guidance = options.defaults.guidance;
  tiny.cfg_scale = options.defaults.cfg_scale;
  tiny.width = tiny.height = std::max(64, options.bounds.size_multiple);
  std::vector<sd_image_t> references;
  sd_img_gen_params_t picture;
  impl->fill(tiny, 0, picture, references);
  std::unique_ptr<sd_image_t, FreeImages> drawn(generate_image(impl->context.get(), &picture));
  sd_set_progress_callback(nullptr, nullptr);
  if (!drawn) return complaint("the model is loaded but cannot draw");
  return std::unique_ptr<Painter>(new Painter(std::move(impl)));
}

Result<Picture> Painter::paint(const Request& request, int index, const PaintEvents& events) {
  std::vector<sd_image_t> references;
  sd_img_gen_params_t params;
  impl_->fill(request, index, params, references);
  int steps = steps_to_draw(params);
  preview_t mode = impl_->options.files.tae.empty() ? PREVIEW_PROJ : PREVIEW_TAE;
  Progress progress(events, steps);
  Previews previews(events, mode, request.previews, steps);
  last_complaint.clear();
  try {
    std::unique_ptr<sd_image_t, FreeImages> drawn(generate_image(impl_->context.get(), &params));
    if (!drawn || drawn->data == nullptr) return complaint("the picture could not be drawn");
    return from_sd(*drawn);
  } catch (const std::bad_alloc&) {
    return fail(Code::io, "not enough memory for a picture of this size");
  }
}

}  // namespace eai::image_engine
