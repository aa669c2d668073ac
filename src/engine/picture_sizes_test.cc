#include "engine/picture_sizes.h"

#include <gtest/gtest.h>

namespace eai::engine {
namespace {

model::GgufInfo projector(std::string type, std::uint64_t side) {
  model::GgufInfo info;
  info.projector_type = std::move(type);
  info.picture_side = side;
  return info;
}

TEST(PictureSizesTest, AProjectorOfOneSquareNeedsNoMorePixelsThanItLooksAt) {
  EXPECT_EQ(picture_sizes(projector("mlp", 336)), (PictureSizes{1344 * 1344, 8 * 1344 * 1344}));
  EXPECT_EQ(picture_sizes(projector("gemma3", 64)), (PictureSizes{512 * 512, 8 * 512 * 512}));
}

TEST(PictureSizesTest, OthersGetPicturesOfAWholeScreen) {
  const PictureSizes most;
  EXPECT_EQ(picture_sizes(projector("qwen2.5vl_merger", 560)), most);
  EXPECT_EQ(picture_sizes(projector("gemma3", 0)), most);
  EXPECT_EQ(picture_sizes(projector("gemma3", 896)), most);  // four times its side are more than a screen has
  EXPECT_EQ(picture_sizes(projector("gemma3", UINT64_MAX)), most);
  model::GgufInfo tiles = projector("mlp", 336);
  tiles.tiles_pictures = true;
  EXPECT_EQ(picture_sizes(tiles), most);
}

TEST(PictureSizesTest, TheEngineHoldsAllPicturesOfOneRequestAndFiles) {
  EXPECT_EQ(picture_bytes({100, 1000}), 3U * 1200 + 6000);
}

}  // namespace
}  // namespace eai::engine
