#include <gtest/gtest.h>

#include "api/json_read.h"
#include "api/responses_shelf.h"
#include "api/translation.h"

namespace eai::api {
namespace {

namespace json = boost::json;

TEST(ResponsesCount, AsksForAChatAndTellsItsTokens) {
  ResponsesShelf shelf;
  const auto translation = make_response_count_translation(&shelf, "key");
  json::object body = json::parse(R"({"input":"a","instructions":"b","stream":true})").as_object();
  Ignored ignored;
  ASSERT_TRUE(translation->to_chat(body, ignored));
  EXPECT_EQ(json::serialize(body), R"({"messages":[{"role":"system","content":"b"},{"role":"user","content":"a"}]})");
  const auto counted = translation->whole(R"({"input_tokens":7,"object":"x"})");
  ASSERT_TRUE(counted);
  EXPECT_EQ(*counted, R"({"object":"response.input_tokens","input_tokens":7})");
}

TEST(ResponsesCount, CountsWhatComesBefore) {
  ResponsesShelf shelf;
  const auto first = make_responses_translation(&shelf, "key");
  json::object body = json::parse(R"({"input":"a"})").as_object();
  Ignored ignored;
  ASSERT_TRUE(first->to_chat(body, ignored));
  const auto answer = first->whole(R"({"choices":[{"finish_reason":"stop","message":{"content":"b"}}]})");
  ASSERT_TRUE(answer);
  json::object next{{"previous_response_id", json::parse(*answer).at("id")}, {"input", "c"}};
  ASSERT_TRUE(make_response_count_translation(&shelf, "key")->to_chat(next, ignored));
  EXPECT_EQ(next.at("messages").as_array().size(), 3U);
}

TEST(ResponsesCount, WhatIsNotACountIsNotAnAnswer) {
  for (const char* text : {"", "{", "[]", "{}", R"({"input_tokens":"7"})"}) {
    const auto counted = make_response_count_translation(nullptr, {})->whole(text);
    ASSERT_FALSE(counted) << text;
    EXPECT_EQ(counted.error().code, Code::network);
  }
}

}  // namespace
}  // namespace eai::api
