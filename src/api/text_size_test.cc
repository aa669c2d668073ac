#include "api/text_size.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace eai::api {
namespace {

// The field that a refusal is about, or "fits".
std::string refused(std::string_view path, std::string body, std::uint64_t limit) {
  const auto all = endpoints();
  const Endpoint& endpoint = *std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.path == path; });
  auto request = check_request(endpoint, std::move(body));
  if (!request) return "wrong: " + request.error().message;
  const auto checked = check_text_size(*request, limit);
  return checked ? "fits" : checked.error().about;
}

std::string text(std::size_t size) { return "\"" + std::string(size, 'x') + "\""; }

TEST(TextSize, OfAConversationIsThatOfAllMessagesWithoutTheirPictures) {
  const auto chat = [](std::size_t first, std::size_t second) {
    return R"({"messages":[{"role":"user","content":)" + text(first) +
           R"(},{"role":"user","content":[{"type":"text","text":)" + text(second) +
           R"(},{"type":"image_url","image_url":{"url":"data:image/png;base64,)" + std::string(400, 'A') + R"("}}]}]})";
  };
  EXPECT_EQ(refused("/v1/chat/completions", chat(40, 20), 100), "fits");
  EXPECT_EQ(refused("/v1/chat/completions", chat(60, 60), 100), "messages");
  EXPECT_EQ(refused("/v1/chat/completions", chat(60, 60), 0), "fits") << "nothing is known of the model yet";
}

TEST(TextSize, OfAListIsThatOfItsLongestText) {
  EXPECT_EQ(refused("/v1/embeddings", "{\"input\":[" + text(99) + "," + text(99) + "]}", 100), "fits");
  EXPECT_EQ(refused("/v1/embeddings", "{\"input\":[" + text(9) + "," + text(101) + "]}", 100), "input");
  EXPECT_EQ(refused("/v1/completions", "{\"prompt\":" + text(101) + "}", 100), "prompt");
  EXPECT_EQ(refused("/v1/rerank", R"({"query":"q","documents":["d",)" + text(101) + "]}", 100), "documents");
  EXPECT_EQ(refused("/v1/rerank", R"({"query":"q","texts":["d",)" + text(101) + "]}", 100), "texts");
  EXPECT_EQ(refused("/infill", R"({"input_prefix":"a","input_suffix":)" + text(101) + "}", 100), "input_suffix");
  EXPECT_EQ(refused("/v1/completions", "{\"prompt\":[1,2,3]}", 1), "fits") << "tokens are counted by the engine";
}

TEST(TextSize, WhatIsOnlyTakenApartMayBeLonger) {
  EXPECT_EQ(refused("/tokenize", "{\"content\":" + text(800) + "}", 100), "fits");
  EXPECT_EQ(refused("/tokenize", "{\"content\":" + text(801) + "}", 100), "content");
  EXPECT_EQ(refused("/tokenize", "{\"content\":[" + text(401) + "," + text(400) + "]}", 100), "content");
}

}  // namespace
}  // namespace eai::api
