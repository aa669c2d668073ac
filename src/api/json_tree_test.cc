#include "api/json_tree.h"

#include <gtest/gtest.h>

namespace eai::api {
namespace {

std::string read(std::string text) {
  const auto tree = JsonTree::parse(std::move(text));
  return tree ? tree->text() : "refused: " + tree.error().message;
}

TEST(JsonTree, IsWrittenAsItWasRead) {
  EXPECT_EQ(read(R"({"b":1,"a":[true,null,"é\n",{"x":1.5}]})"), R"({"b":1,"a":[true,null,"é\n",{"x":1.5E0}]})");
  EXPECT_EQ(read("{\"a\":1,\"a\":2}"), "{\"a\":2}") << "of a key that stands twice, the last value counts";
  EXPECT_EQ(read("\xef\xbb\xbf{\"a\":1}"), "{\"a\":1}") << "a byte order mark";
}

TEST(JsonTree, HalfAPairBecomesTheReplacementCharacter) {
  EXPECT_EQ(read(R"({"a":"x\ud83d"})"), "{\"a\":\"x\uFFFD\"}");
  EXPECT_EQ(read(R"({"a":"\ude00x"})"), "{\"a\":\"\uFFFDx\"}");
  EXPECT_EQ(read(R"({"a":"\ud83dx\ud83d\ude00\uD83D\\ud83d"})"), "{\"a\":\"\uFFFDx\U0001F600\uFFFD\\\\ud83d\"}");
  EXPECT_EQ(read(R"({"\ud83d":"\ud83d\ud83d\ude00"})"), "{\"\uFFFD\":\"\uFFFD\U0001F600\"}");
  EXPECT_EQ(read(R"({"a":"\ud83d\n"})"), "{\"a\":\"\uFFFD\\n\"}");
  EXPECT_TRUE(read(R"({"a":"\ud83g"})").starts_with("refused: the body is not valid JSON"));
}

TEST(JsonTree, SaysWhatIsWrong) {
  const auto wide = [](std::string_view text, bool big) {
    std::string out;
    for (const char c : text) out += big ? std::string({'\0', c}) : std::string({c, '\0'});
    return out;
  };
  EXPECT_EQ(read(wide("{\"a\":1}", false)), "refused: the body is UTF-16; JSON is sent in UTF-8");
  EXPECT_EQ(read("\xff\xfe" + wide("{\"a\":1}", false)), "refused: the body is UTF-16; JSON is sent in UTF-8");
  EXPECT_EQ(read(wide("{\"a\":1}", true)), "refused: the body is UTF-16; JSON is sent in UTF-8");
  EXPECT_EQ(read(std::string("{\0\0\0", 4)), "refused: the body is UTF-32; JSON is sent in UTF-8");
  EXPECT_EQ(read("{\"a\":\"caf\xe9\"}"), "refused: the body is not UTF-8 at byte 9; JSON is sent in UTF-8");
  EXPECT_EQ(read("{\"a\":NaN}").substr(0, 36), "refused: the body is not valid JSON:");
  EXPECT_EQ(read("[1]"), "refused: the body must be a JSON object");
  EXPECT_EQ(read(""), "refused: the body is not valid JSON: incomplete JSON at byte 0");
  EXPECT_NE(read("{\"a\":1} {").find("at byte 8"), std::string::npos);
  EXPECT_EQ(read("{\"a\":" + std::string(200, '[')), "refused: the body is nested more than 128 levels deep");
}

TEST(JsonTree, TakesNoMoreMemoryThanItMay) {
  std::string many = "{\"a\":[";
  for (int i = 0; i < 20'000'000; ++i) many += "1,";
  EXPECT_EQ(read(many + "1]}"), "refused: the body has too many values");
}

}  // namespace
}  // namespace eai::api
