#include "engine/image.h"

#include <gtest/gtest.h>

#include "engine/image_fit.h"

namespace eai::engine {
namespace {

model::ImageModel flux() {
  model::ImageModel model;
  std::uint64_t parameters = 12'000'000'000;
  model.parts = {{model::ImageRole::diffusion, "t", parameters * 2, parameters, 1},
                 {model::ImageRole::vae, "v", 160 * k_mib, 80'000'000, 1}};
  return model;
}

ImageFit fit_in(const model::ImageModel& model, std::uint64_t bytes) {
  Budget budget;
  budget.bytes = bytes;
  return fit_image_model(model, budget);
}

TEST(ImageFit, ALargeBudgetLeavesTheModelAsItIs) {
  ImageFit fit = fit_in(flux(), 64 * k_gib);
  EXPECT_FALSE(fit.tiles);
  EXPECT_EQ(fit.type, "");
  EXPECT_NE(fit.why.find("as it is"), std::string::npos);
  EXPECT_EQ(fit.weights, flux().weight_bytes());
}

TEST(ImageFit, ASmallerBudgetTakesTilesThenSmallerWeights) {
  model::ImageModel model = flux();
  std::uint64_t with_tiles = 0;
  for (std::uint64_t budget = 30 * k_gib; budget > 22 * k_gib; budget -= k_gib / 4)
    if (ImageFit fit = fit_in(model, budget); fit.tiles && fit.type.empty()) with_tiles = budget;
  EXPECT_GT(with_tiles, 0U);
  ImageFit eight = fit_in(model, 16 * k_gib);
  EXPECT_EQ(eight.type, "q8_0");
  EXPECT_LE(eight.weights + eight.compute, 16 * k_gib);
  ImageFit four = fit_in(model, 9 * k_gib);
  EXPECT_EQ(four.type, "q4_0");
  EXPECT_NE(four.why.find("q4_0"), std::string::npos);
}

TEST(ImageFit, WeightsThatAreSmallAlreadyAreLeftAlone) {
  model::ImageModel model = flux();
  for (model::ImagePart& part : model.parts) part.size = part.parameters / 32 * 18;
  EXPECT_EQ(fit_in(model, 2 * k_gib).type, "");
}

TEST(ImageFit, OnAGpuWeightsStayInRamBeforeTheyAreMadeSmaller) {
  Budget gpu;
  gpu.on_device = true;
  gpu.bytes = 25 * k_gib;  // the diffusion model alone fits, all parts do not
  gpu.beyond = 64 * k_gib;
  model::ImageModel model = flux();
  model.parts.push_back({model::ImageRole::t5xxl, "u", 9 * k_gib, 4'800'000'000, 1});
  ImageFit fit = fit_image_model(model, gpu);
  EXPECT_TRUE(fit.offload);
  EXPECT_EQ(fit.type, "");
  EXPECT_EQ(fit.weights, model.parts.front().size);
  EXPECT_NE(fit.why.find("stay in RAM"), std::string::npos) << fit.why;

  gpu.beyond = 16 * k_gib;  // RAM has no room for them
  fit = fit_image_model(model, gpu);
  EXPECT_FALSE(fit.offload);
  EXPECT_EQ(fit.type, "q8_0");

  gpu.beyond = 64 * k_gib;
  gpu.bytes = 15 * k_gib;
  fit = fit_image_model(model, gpu);
  EXPECT_TRUE(fit.offload);
  EXPECT_EQ(fit.type, "q8_0");

  gpu.bytes = 80 * k_gib;
  EXPECT_FALSE(fit_image_model(model, gpu).offload);
  fit = fit_image_model(model, gpu, Offload::always);
  EXPECT_TRUE(fit.offload);
  EXPECT_FALSE(fit.tiles);
  gpu.on_device = false;
  fit = fit_image_model(model, gpu, Offload::always);
  EXPECT_EQ(fit.weights, model.weight_bytes()) << "without a GPU they lie in RAM all the same";
}

TEST(ImageModelOfAFolder, IsNamedWhenItIsNotThereOrNoModel) {
  ModelSpec spec;
  spec.task = model::Task::image_generation;
  spec.gguf = "/nonexistent/model";
  EXPECT_EQ(inspect_image_model(spec, {}).error().code, Code::not_found);
  spec.gguf = fs::path(EAI_SOURCE_DIR) / "setup";
  auto no_model = inspect_image_model(spec, {});
  ASSERT_FALSE(no_model);
  EXPECT_EQ(no_model.error().code, Code::invalid);
}

}  // namespace
}  // namespace eai::engine
