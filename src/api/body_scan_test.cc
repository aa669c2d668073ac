#include "api/body_scan.h"

#include <gtest/gtest.h>

namespace eai::api {
namespace {

TEST(BodyScan, FindsModelAndStream) {
  auto facts = scan_body(R"({"stream":true,"x":{"model":"no","stream":false},"model":"b\u0061fk","messages":[{},{}]})");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->model, "bafk");
  EXPECT_TRUE(facts->stream);
  EXPECT_EQ(facts->messages, Kind::array);
  EXPECT_EQ(facts->message_count, 2u);
  EXPECT_TRUE(facts->messages_are_objects);
}

TEST(BodyScan, TheLastOfTwoEqualKeysCountsAsInTheEngine) {
  auto facts = scan_body(R"({"model":"a","model":7,"stream":true,"stream":"yes"})");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->model_kind, Kind::number);
  EXPECT_FALSE(facts->stream);
  EXPECT_EQ(facts->stream_kind, Kind::string);
}

TEST(BodyScan, CountsImagesByTheirKind) {
  auto facts = scan_body(R"({"messages":[{"role":"user","content":[
      {"type":"text","text":"https://not.an.image"},
      {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
      {"type":"image_url","image_url":{"url":"HTTPS://example.com/a.png","detail":"low"}},
      {"type":"image_url","image_url":"http://example.com/b.png"},
      {"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}],
      "tools":[{"image_url":{"url":"http://no"}}]})");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->images, 4u);
  ASSERT_EQ(facts->spots.size(), 2u);
  EXPECT_TRUE(facts->spots[0].remote && !facts->spots[0].bare);
  EXPECT_TRUE(facts->spots[1].remote && facts->spots[1].bare);
  EXPECT_EQ(facts->strange_image, "file:///etc/passwd");
}

TEST(BodyScan, FindsPicturesOfTheOtherApisAndWhereTheyStand) {
  const std::string_view body = R"({"a\"b":"http://x","input":[{"content":[{"type":"input_image",
      "image_url":"http:\/\/one\u002f\\"}]}],"messages":[{"content":[{"type":"image","source":
      {"type":"url","url":"https://two"}},{"type":"image_url","image_url":"data:image/png;base64,AA"}]}]})";
  auto facts = scan_body(body);
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->images, 3u);
  EXPECT_FALSE(facts->remote_media);
  const auto literals = find_literals(body, facts->spots);
  ASSERT_EQ(literals.size(), 3u);
  EXPECT_EQ(literals[0], R"("http:\/\/one\u002f\\")");
  EXPECT_EQ(literals[1], "\"https://two\"");
  EXPECT_EQ(literals[2], "\"data:image/png;base64,AA\"");
  EXPECT_TRUE(facts->spots[0].remote && !facts->spots[0].bare);
  EXPECT_TRUE(facts->spots[1].remote && !facts->spots[1].bare);
  EXPECT_TRUE(!facts->spots[2].remote && facts->spots[2].bare);
}

TEST(BodyScan, KeepsNoMoreSpotsThanAreOfUse) {
  std::string parts;
  for (int i = 0; i < 1000; ++i) parts += R"({"image_url":{"url":"http://x"}},)";
  auto facts = scan_body(R"({"messages":[{"content":[)" + parts + R"({}]}]})");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->images, 1000u);
  EXPECT_EQ(facts->spots.size(), k_max_image_spots + 1);
}

TEST(BodyScan, AddressesTheEngineWouldOpenItselfAreSeenUnderAnyKey) {
  for (const char* body :
       {R"({"messages":[{"content":[{"type":"input_audio","input_audio":{"url":"FILE:///etc/passwd"}}]}]})",
        R"({"messages":[{"content":[{"type":"video_url","video_url":{"u\u0072l":"ht\u0074p:\/\/[::1]"}}]}]})"}) {
    auto facts = scan_body(body);
    ASSERT_TRUE(facts) << body;
    EXPECT_TRUE(facts->remote_media) << body;
  }
  auto facts = scan_body(R"({"messages":[{"content":"see http://x","url2":"http://x"}],"tools":[{"url":"http://x"}]})");
  ASSERT_TRUE(facts);
  EXPECT_FALSE(facts->remote_media);
}

TEST(BodyScan, MessagesOfTheWrongKindAreSeen) {
  EXPECT_EQ(scan_body(R"({"messages":"hi"})")->messages, Kind::string);
  EXPECT_FALSE(scan_body(R"({"messages":[{},"hi"]})")->messages_are_objects);
  EXPECT_FALSE(scan_body(R"({"messages":[["a"]]})")->messages_are_objects);
  EXPECT_EQ(scan_body(R"({"messages":[["a"],[]]})")->message_count, 2u);
}

TEST(BodyScan, InputForEmbeddings) {
  EXPECT_EQ(scan_body(R"({"input":"x"})")->input, Kind::string);
  EXPECT_TRUE(scan_body(R"({"input":""})")->input_is_empty);
  EXPECT_TRUE(scan_body(R"({"input":[]})")->input_is_empty);
  EXPECT_FALSE(scan_body(R"({"input":[[]]})")->input_is_empty);
  EXPECT_FALSE(scan_body(R"({"input":["a"]})")->input_is_empty);
}

TEST(BodyScan, RefusesWhatIsNotOneJsonObject) {
  for (const char* bad : {"", "{", "[]", "\"a\"", "7", "{}x", "{} {}", "{\"a\":1,}", "{'a':1}", "nul", "{\"a\":01}",
                          "{\"a\":\"\xff\"}", "{\"a\":\"\\ud800\"}"}) {
    auto facts = scan_body(bad);
    ASSERT_FALSE(facts) << bad;
    EXPECT_EQ(facts.error().code, Code::invalid);
  }
  std::string deep(k_max_depth + 1, '[');
  EXPECT_FALSE(scan_body("{\"a\":" + deep + std::string(deep.size(), ']') + "}"));
}

TEST(BodyScan, AGiantModelNameIsCut) {
  auto facts = scan_body("{\"model\":\"" + std::string(1 << 20, 'a') + "\"}");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->model.size(), k_model_name_limit);
}

}  // namespace
}  // namespace eai::api
