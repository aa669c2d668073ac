#include "api/images_request.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "api/image_events.h"
#include "api/multipart.h"

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

TEST(ImagesRequest, AFormWithAPictureBecomesBase64) {
  auto wish =
      parse_image_form(ImageAct::edit, "multipart/form-data; boundary=b",
                       form(field("prompt", "red") + field("n", "2") + field("image", "abc") + field("mask", "de")));
  ASSERT_TRUE(wish) << wish.error().message;
  auto fields = engine_fields(*wish);
  EXPECT_EQ(fields.at("image").as_array().at(0), "YWJj");
  EXPECT_EQ(fields.at("mask"), "ZGU=");
  EXPECT_EQ(fields.at("n"), 2);
  auto no_image = parse_image_form(ImageAct::edit, "multipart/form-data; boundary=b", form(field("prompt", "red")));
  ASSERT_FALSE(no_image);
  EXPECT_EQ(no_image.error().about, "image");
  auto no_prompt = parse_image_form(ImageAct::edit, "multipart/form-data; boundary=b", form(field("image", "abc")));
  ASSERT_FALSE(no_prompt);
  EXPECT_EQ(no_prompt.error().about, "prompt");
  EXPECT_TRUE(parse_image_form(ImageAct::variation, "multipart/form-data; boundary=b", form(field("image", "abc"))));
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
