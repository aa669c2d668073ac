// Why: image_bench.py compares the image engine with the library alone: image_bare <diffusion model> <t5> <tae>
// <threads>. For each line "<side> <steps> <seed>" on its input it draws one picture and prints how many milliseconds
// that took.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <stable-diffusion.h>

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  sd_set_progress_callback([](int, int, float, void*) {}, nullptr);  // otherwise it draws bars on standard output
  sd_ctx_params_t load;
  sd_ctx_params_init(&load);
  load.diffusion_model_path = argv[1];
  load.t5xxl_path = argv[2];
  load.taesd_path = argv[3];
  load.n_threads = std::atoi(argv[4]);
  load.enable_mmap = true;
  sd_ctx_t* model = new_sd_ctx(&load);
  if (model == nullptr) return 1;
  int side = 0, steps = 0;
  long long seed = 0;
  while (std::scanf("%d %d %lld", &side, &steps, &seed) == 3) {
    const auto begin = std::chrono::steady_clock::now();
    sd_img_gen_params_t wish;
    sd_img_gen_params_init(&wish);
    wish.prompt = "a red circle";
    wish.width = wish.height = side;
    wish.seed = seed;
    wish.sample_params.sample_steps = steps;
    wish.sample_params.guidance.txt_cfg = 1;
    wish.sample_params.guidance.distilled_guidance = 0;
    wish.sample_params.sample_method = sd_get_default_sample_method(model);
    wish.sample_params.scheduler = sd_get_default_scheduler(model, wish.sample_params.sample_method);
    sd_image_t* picture = generate_image(model, &wish);
    if (picture == nullptr) return 1;
    free_sd_images(picture, 1);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    std::printf("%.3f\n", took.count());
    std::fflush(stdout);
  }
}
