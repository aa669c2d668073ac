#include "job.h"

#include <gtest/gtest.h>

#include "util/base64.h"

namespace eai::image_engine {
namespace {

Options options() {
  Options o;
  o.defaults.width = o.defaults.height = 512;
  o.bounds.size_multiple = 16;
  return o;
}

std::string picture(int width, int height) {
  Picture p{width, height, 3, {}};
  p.pixels.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 128);
  return to_base64(*encode(p, Encoding{}));
}

std::string refused(const std::string& json, const Options& o = options()) {
  auto request = parse_request(json, o);
  return request ? "taken" : request.error().param;
}

TEST(Request, WhatIsNotSaidIsTheModels) {
  Options o = options();
  o.defaults.steps = 8;
  o.defaults.guidance = 2.5F;
  auto r = parse_request(R"({"prompt":"x","negative_prompt":null})", o);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->steps, 8);
  EXPECT_FLOAT_EQ(r->guidance, 2.5F);
  EXPECT_EQ(r->width, 512);
  EXPECT_EQ(r->n, 1);
  EXPECT_GE(r->seed, 0);
  EXPECT_TRUE(r->encoding.text.empty()) << "the words stay out of the file";
  o.image_metadata = true;
  EXPECT_NE(parse_request(R"({"prompt":"x"})", o)->encoding.text.find("x\nSteps: 8"), std::string::npos);
}

TEST(Request, OfALongPromptTheBeginningIsUsed) {
  auto prompt = [](const std::string& text) {
    return parse_request("{\"prompt\":\"" + text + "\",\"negative_prompt\":\"" + text + "\"}", options());
  };
  EXPECT_EQ(prompt(std::string(k_prompt_used, 'x'))->prompt.size(), k_prompt_used);
  auto cut = prompt(std::string(k_prompt_limit, 'x'));
  EXPECT_EQ(cut->prompt.size(), k_prompt_used);
  EXPECT_EQ(cut->negative_prompt.size(), k_prompt_used);
  std::string umbrellas = "x";
  while (umbrellas.size() + 3 <= k_prompt_limit) umbrellas += "\u2602";
  auto whole = prompt(umbrellas)->prompt;
  EXPECT_EQ(whole.size(), k_prompt_used - 1) << "no character is cut in two";
  EXPECT_EQ(whole, umbrellas.substr(0, whole.size()));
}

TEST(Request, AJobHoldsThePixelsOfItsPictures) {
  EXPECT_EQ(held_by(*parse_request(R"({"prompt":"x"})", options())), 0U);
  auto edit = parse_request(
      "{\"prompt\":\"x\",\"image\":\"" + picture(32, 16) + "\",\"mask\":\"" + picture(32, 16) + "\"}", options());
  ASSERT_TRUE(edit) << edit.error().message;
  EXPECT_EQ(held_by(*edit), 32U * 16 * 4) << "three bytes per pixel of the picture, one of the mask";
}

TEST(Request, QualityDecidesAboutStepsThatAreNotGiven) {
  auto steps = [](const std::string& fields) {
    return parse_request("{\"prompt\":\"x\"" + fields + "}", options())->steps;
  };
  EXPECT_EQ(steps(""), 20);
  EXPECT_EQ(steps(R"(,"quality":"low")"), 10);
  EXPECT_EQ(steps(R"(,"quality":"hd")"), 30);
  EXPECT_EQ(steps(R"(,"quality":"low","steps":7)"), 7);
}

TEST(Request, EveryFieldHasItsBounds) {
  EXPECT_EQ(refused("{"), "");
  EXPECT_EQ(refused("[]"), "");
  for (const char* prompt : {R"({})", R"({"prompt":""})", R"({"prompt":7})", R"({"prompt":"a\u0000b"})"})
    EXPECT_EQ(refused(prompt), "prompt") << prompt;
  EXPECT_EQ(refused("{\"prompt\":\"" + std::string(k_prompt_limit, 'x') + "\"}"), "taken");
  EXPECT_EQ(refused("{\"prompt\":\"" + std::string(k_prompt_limit + 1, 'x') + "\"}"), "prompt");
  struct Case {
    const char *fields, *param;
  };
  for (const Case& c : {Case{R"("n":0)", "n"},
                        Case{R"("n":11)", "n"},
                        Case{R"("n":1e40)", "n"},
                        Case{R"("n":"2")", "n"},
                        Case{R"("steps":0)", "steps"},
                        Case{R"("steps":201)", "steps"},
                        Case{R"("seed":-1)", "seed"},
                        Case{R"("seed":9007199254740992)", "seed"},
                        Case{R"("seed":9007199254740991)", "taken"},
                        Case{R"("width":16)", "size"},
                        Case{R"("width":513,"height":16)", "size"},
                        Case{R"("width":1048576,"height":1048576)", "size"},
                        Case{R"("width":0,"height":0)", "width"},
                        Case{R"("guidance":-1)", "guidance"},
                        Case{R"("guidance":1e300)", "guidance"},
                        Case{R"("strength":0)", "strength"},
                        Case{R"("strength":1.5)", "strength"},
                        Case{R"("previews":4)", "previews"},
                        Case{R"("format":"gif")", "output_format"},
                        Case{R"("format":7)", "output_format"},
                        Case{R"("compression":101)", "compression"},
                        Case{R"("background":"transparent")", "background"},
                        Case{R"("mask":"aGk=")", "mask"},
                        Case{R"("image":"aGk=")", "image"},
                        Case{R"("image":7)", "image"},
                        Case{R"("image":[])", "image"}})
    EXPECT_EQ(refused(std::string(R"({"prompt":"x",)") + c.fields + "}"), c.param) << c.fields;
}

TEST(Request, APictureGivesTheSizeThatFitsTheModel) {
  auto r = parse_request(R"({"image":")" + picture(100, 70) + "\"}", options());
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->width, 96);
  EXPECT_EQ(r->height, 64);
  EXPECT_EQ(r->images.at(0).channels, 3);
  auto tiny = parse_request(R"({"image":")" + picture(3, 3) + "\"}", options());
  ASSERT_TRUE(tiny);
  EXPECT_EQ(tiny->width, 16);
}

TEST(Request, APhotoIsMadeSmaller) {
  Options o = options();
  o.bounds.max_pixels = 4096;
  auto r = parse_request(R"({"image":")" + picture(300, 100) + R"(","mask":")" + picture(300, 100) + "\"}", o);
  ASSERT_TRUE(r) << r.error().message;
  const Picture& image = r->images.at(0);
  EXPECT_EQ(image.width, 110);
  EXPECT_EQ(image.height, 36);
  EXPECT_EQ(r->mask.width, image.width);
  EXPECT_EQ(r->width, 96);
  EXPECT_EQ(r->height, 32);
  EXPECT_EQ(refused(R"({"image":")" + picture(300, 100) + R"(","mask":")" + picture(110, 36) + "\"}", o), "mask")
      << "the sizes that were sent count";
}

TEST(Request, AMaskHasTheSizeOfItsPicture) {
  const std::string image = R"("image":")" + picture(64, 32) + "\"";
  EXPECT_EQ(refused("{" + image + R"(,"mask":")" + picture(64, 32) + "\"}"), "taken");
  EXPECT_EQ(refused("{" + image + R"(,"mask":")" + picture(32, 64) + "\"}"), "mask");
}

TEST(Request, SeveralPicturesAreForModelsWithReferences) {
  const std::string two = R"({"prompt":"x","image":[")" + picture(16, 16) + "\",\"" + picture(32, 16) + "\"]}";
  EXPECT_EQ(refused(two), "image");
  Options o = options();
  o.defaults.edit = EditMode::reference;
  EXPECT_EQ(refused(two, o), "taken");
  std::string many = R"({"prompt":"x","image":[)";
  for (std::size_t i = 0; i <= k_reference_limit; ++i) many += (i == 0 ? "\"" : ",\"") + picture(16, 16) + "\"";
  EXPECT_EQ(refused(many + "]}", o), "image");
}

TEST(Size, IsTwoNumbers) {
  int width = 0, height = 0;
  EXPECT_TRUE(parse_size("512x256", width, height));
  EXPECT_EQ(width, 512);
  EXPECT_EQ(height, 256);
  for (const char* text : {"", "x", "512", "512x", "x256", "512x256x1", "512 x 256", "99999999999x1"})
    EXPECT_FALSE(parse_size(text, width, height)) << text;
}

}  // namespace
}  // namespace eai::image_engine
