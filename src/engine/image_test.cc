#include "engine/image.h"

#include <gtest/gtest.h>

namespace eai::engine {
namespace {

content::ImageModel flux() {
  content::ImageModel model;
  std::uint64_t parameters = 12'000'000'000;
  model.parts = {{content::ImageRole::diffusion, "t", parameters * 2, parameters, 1},
                 {content::ImageRole::vae, "v", 160 * k_mib, 80'000'000, 1}};
  return model;
}

TEST(ImageFit, ALargeBudgetLeavesTheModelAsItIs) {
  ImageFit fit = fit_image_model(flux(), 64 * k_gib);
  EXPECT_FALSE(fit.tiles);
  EXPECT_EQ(fit.type, "");
  EXPECT_NE(fit.why.find("as it is"), std::string::npos);
  EXPECT_EQ(fit.weights, flux().weight_bytes());
}

TEST(ImageFit, ASmallerBudgetTakesTilesThenSmallerWeights) {
  content::ImageModel model = flux();
  std::uint64_t with_tiles = 0;
  for (std::uint64_t budget = 30 * k_gib; budget > 22 * k_gib; budget -= k_gib / 4)
    if (ImageFit fit = fit_image_model(model, budget); fit.tiles && fit.type.empty()) with_tiles = budget;
  EXPECT_GT(with_tiles, 0U);
  ImageFit eight = fit_image_model(model, 16 * k_gib);
  EXPECT_EQ(eight.type, "q8_0");
  EXPECT_LE(eight.weights + eight.compute, 16 * k_gib);
  ImageFit four = fit_image_model(model, 9 * k_gib);
  EXPECT_EQ(four.type, "q4_0");
  EXPECT_NE(four.why.find("q4_0"), std::string::npos);
}

TEST(ImageFit, WeightsThatAreSmallAlreadyAreLeftAlone) {
  content::ImageModel model = flux();
  for (content::ImagePart& part : model.parts) part.size = part.parameters / 32 * 18;
  EXPECT_EQ(fit_image_model(model, 2 * k_gib).type, "");
}

TEST(ImageModelOfAFolder, IsNamedWhenItIsNotThereOrNoModel) {
  ModelSpec spec;
  spec.task = content::Task::image_generation;
  spec.gguf = "/nonexistent/model";
  EXPECT_EQ(inspect_image_model(spec).error().code, Code::not_found);
  spec.gguf = fs::path(EAI_SOURCE_DIR) / "setup";
  auto no_model = inspect_image_model(spec);
  ASSERT_FALSE(no_model);
  EXPECT_EQ(no_model.error().code, Code::invalid);
}

}  // namespace
}  // namespace eai::engine
