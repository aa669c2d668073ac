#include "api/images_request.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "api/image_events.h"
#include "api/multipart.h"
#include "api/picture_testing.h"
#include "util/base64.h"

namespace eai::api {
namespace {

boost::json::object engine_fields(const ImageWish& wish) { return boost::json::parse(wish.engine_body).as_object(); }

TEST(ImagesRequest, SaysItToTheEngineInItsOwnWords) {
  auto wish = parse_generation(
      R"({"prompt":"a dog","n":2,"size":"512x256","steps":4,"seed":7,"negative_prompt":"cat","guidance":3.5,)"
      R"("output_format":"webp","output_compression":80,"response_format":"url","user":"x","model":"m"})");
  ASSERT_TRUE(wish);
  EXPECT_EQ(wish->model, "m");
  EXPECT_TRUE(wish->as_url);
  EXPECT_EQ(wish->n, 2);
  auto fields = engine_fields(*wish);
  EXPECT_EQ(fields.at("prompt"), "a dog");
  EXPECT_EQ(fields.at("width"), 512);
  EXPECT_EQ(fields.at("height"), 256);
  EXPECT_EQ(fields.at("seed"), 7);
  EXPECT_EQ(fields.at("format"), "webp");
  EXPECT_EQ(fields.at("compression"), 80);
  EXPECT_EQ(fields.if_contains("user"), nullptr);
  EXPECT_EQ(fields.if_contains("model"), nullptr);
  EXPECT_EQ(fields.if_contains("previews"), nullptr) << "without a stream nobody sees them";
}

TEST(ImagesRequest, WhatCannotBeRightIsRefusedWithItsField) {
  auto refused = [](const std::string& json) {
    auto wish = parse_generation(json);
    return wish ? std::string("taken") : wish.error().about;
  };
  EXPECT_EQ(refused(R"({"prompt":"a"})"), "taken");
  EXPECT_EQ(refused(R"({})"), "prompt");
  EXPECT_EQ(refused(R"({"prompt":5})"), "prompt");
  EXPECT_EQ(refused("{\"prompt\":\"" + std::string(1 << 20, 'a') + "\"}"), "prompt");
  for (const char* size : {"99999x64", "0x0", "big", "64", "64x", "x64", "64x64x64", "-64x64"})
    EXPECT_EQ(refused(std::string(R"({"prompt":"a","size":")") + size + "\"}"), "size") << size;
  EXPECT_EQ(refused(R"({"prompt":"a","size":"auto"})"), "taken");
  for (const char* n : {"0", "100", "1.5", "\"x\"", "true"})
    EXPECT_EQ(refused(std::string(R"({"prompt":"a","n":)") + n + "}"), "n") << n;
  EXPECT_EQ(refused(R"({"prompt":"a","steps":0})"), "steps");
  EXPECT_EQ(refused(R"({"prompt":"a","steps":10000})"), "steps");
  EXPECT_EQ(refused(R"({"prompt":"a","seed":-1})"), "seed");
  EXPECT_EQ(refused(R"({"prompt":"a","output_format":"gif"})"), "output_format");
  EXPECT_EQ(refused(R"({"prompt":"a","background":"transparent"})"), "background");
  EXPECT_EQ(refused(R"({"prompt":"a","id":"../x"})"), "id");
  EXPECT_EQ(refused("[]"), "");
  EXPECT_EQ(refused("{"), "");
}

std::string form(const std::string& parts) { return parts + "--b--\r\n"; }
std::string field(const std::string& name, const std::string& value) {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

Result<ImageWish> edit_of(const std::string& parts) {
  return parse_image_form(ImageAct::edit, "multipart/form-data; boundary=b", form(field("prompt", "red") + parts));
}

const Raster k_quarters = quarters(40, 24);
const std::string k_png{text_of(png_of(k_quarters))};

TEST(ImagesRequest, AFormWithAPictureBecomesBase64) {
  auto wish = edit_of(field("n", "2") + field("image", k_png) + field("mask", k_png));
  ASSERT_TRUE(wish) << wish.error().message;
  auto fields = engine_fields(*wish);
  EXPECT_EQ(fields.at("image").as_array().at(0).as_string(), to_base64(k_png));
  EXPECT_EQ(fields.at("mask").as_string(), to_base64(k_png));
  EXPECT_EQ(fields.at("n"), 2);
  auto no_image = edit_of("");
  ASSERT_FALSE(no_image);
  EXPECT_EQ(no_image.error().about, "image");
  auto no_prompt = parse_image_form(ImageAct::edit, "multipart/form-data; boundary=b", form(field("image", k_png)));
  ASSERT_FALSE(no_prompt);
  EXPECT_EQ(no_prompt.error().about, "prompt");
  EXPECT_TRUE(parse_image_form(ImageAct::variation, "multipart/form-data; boundary=b", form(field("image", k_png))));
}

TEST(ImagesRequest, PicturesOfAFormAreMadeWhatTheEngineReads) {
  const Bytes photo = with_exif(jpeg_of(k_quarters, TJSAMP_444), 6);
  GifKind clear;
  clear.transparent = 3;
  const Bytes gif = gif_of(k_quarters.size, k_quarters.size, quarter_indexes(k_quarters.size), clear);
  auto wish = edit_of(field("image[]", std::string(text_of(photo))) + field("image[]", std::string(text_of(gif))));
  ASSERT_TRUE(wish) << wish.error().message;
  const auto fields = engine_fields(*wish);
  std::string seen;
  for (const auto& image : fields.at("image").as_array()) {
    const std::string bytes = from_base64(std::string(image.as_string())).value();
    const ByteView view = view_of(bytes);
    const std::string_view type = picture_type(view);
    seen += std::string(type) + " " + colors_of(raster_of({type, Bytes(view.begin(), view.end()), true, 0})) + ", ";
  }
  EXPECT_EQ(seen, "image/jpeg BRWG, image/png RGWW, ");
}

TEST(ImagesRequest, AMaskKeepsItsTransparency) {
  const std::string mask(text_of(png_of({2, 2}, {8, 6, 0, {}}, [](std::uint32_t x, std::uint32_t) {
    return Bytes{0, 0, 0, x == 0 ? std::uint8_t{0} : std::uint8_t{255}};
  })));
  auto wish = edit_of(field("image", k_png) + field("mask", mask));
  ASSERT_TRUE(wish) << wish.error().message;
  EXPECT_EQ(engine_fields(*wish).at("mask").as_string(), to_base64(mask));
}

TEST(ImagesRequest, WhatIsNotAPictureIsRefusedByItsField) {
  for (const char* name : {"image", "mask"}) {
    auto wish = edit_of(field("image", k_png) + field(name, "<svg/>"));
    ASSERT_FALSE(wish);
    EXPECT_EQ(wish.error().about, name);
    EXPECT_EQ(wish.error().message,
              "the picture in '" + std::string(name) +
                  "' cannot be used: it is an SVG drawing; PNG, JPEG, WebP, GIF and BMP are read");
  }
}

TEST(Multipart, ReadsWhatClientsSend) {
  auto parts = parse_form("multipart/form-data; boundary=\"b\"",
                          "preamble\r\n--b\r\ncontent-type: image/png\r\n"
                          "content-disposition: form-data; name=\"image[]\"; filename=\"a\\\"b.png\"\r\n\r\n"
                          "\r\n--not\r\n--b\r\nContent-Disposition: form-data; name=empty\r\n\r\n\r\n--b--");
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ(parts->at(0).name, "image[]");
  EXPECT_EQ(parts->at(0).file_name, "a\"b.png");
  EXPECT_EQ(parts->at(0).content, "\r\n--not");
  EXPECT_EQ(parts->at(1).content, "");
}

TEST(Multipart, DamagedFormsAreRefused) {
  const std::string type = "multipart/form-data; boundary=b";
  EXPECT_FALSE(parse_form("application/json", "{}"));
  EXPECT_FALSE(parse_form("multipart/form-data", "--b--"));
  EXPECT_FALSE(parse_form(type, ""));
  EXPECT_FALSE(parse_form(type, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end"));
  EXPECT_FALSE(parse_form(type, "--b\r\n\r\nno name\r\n--b--"));
  EXPECT_FALSE(parse_form(type, "--bx\r\n--b--"));
  std::string many;
  for (std::size_t i = 0; i <= k_form_part_limit; ++i) many += field("a", "1");
  EXPECT_FALSE(parse_form(type, form(many)));
}

TEST(ImageEvents, AreReadInAnyCuts) {
  const std::string stream =
      "data: {\"event\":\"started\",\"seed\":9007199254740991,\"n\":1,\"steps\":4}\n\n: comment\n\ndata: nonsense\n\n"
      "data: {\"event\":\"image\",\"image\":0,\"seed\":3,\"b64\":\"QUJD\"}\n\n";
  for (std::size_t cut = 1; cut <= stream.size(); ++cut) {
    ImageEventReader reader;
    std::vector<ImageEvent> events;
    for (std::size_t at = 0; at < stream.size(); at += cut) {
      reader.feed(std::string_view(stream).substr(at, cut));
      while (auto event = reader.next()) events.push_back(*event);
    }
    ASSERT_EQ(events.size(), 2U) << cut;
    EXPECT_EQ(events[0].seed, 9007199254740991);
    EXPECT_EQ(events[1].b64, "QUJD");
  }
}

}  // namespace
}  // namespace eai::api
