#include "cli/vectors.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace eai::cli {
namespace {

namespace json = boost::json;

json::object answer(std::string_view text) { return json::parse(text).as_object(); }

// 1.0 is 0000803f, -0.5 is 000000bf.
constexpr std::string_view k_two =
    R"({"data":[{"index":1,"embedding":"AAAAvwAAgD8="},{"index":0,"embedding":"AACAPwAAAL8="}]})";

TEST(Vectors, AreReadInTheOrderOfTheTexts) {
  const auto read = vectors_of(answer(k_two), 2);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, (std::vector<Vector>{{1.0F, -0.5F}, {-0.5F, 1.0F}}));
}

TEST(Vectors, WhatIsNoAnswerIsRefused) {
  for (const char* text :
       {R"({})", R"({"data":{}})", R"({"data":[]})", R"({"data":[{"index":0,"embedding":"AACAPw=="}]})",
        R"({"data":[{"index":0,"embedding":"AACAPw=="},{"index":0,"embedding":"AACAPw=="}]})",
        R"({"data":[{"index":0,"embedding":"AACAPw=="},{"index":2,"embedding":"AACAPw=="}]})",
        R"({"data":[{"index":0,"embedding":"AACAPw=="},{"index":-1,"embedding":"AACAPw=="}]})",
        R"({"data":[{"index":0,"embedding":"AACAPw=="},{"index":1,"embedding":"AACAPwAAAL8="}]})",
        R"({"data":[{"index":0,"embedding":"AACAPw=="},{"index":1,"embedding":"AACA"}]})",
        R"({"data":[{"index":0,"embedding":"AACAPw=="},{"index":1,"embedding":""}]})",
        R"({"data":[{"index":0,"embedding":"AACAPw=="},{"index":1,"embedding":"AADAfw=="}]})",
        R"({"data":[{"index":0,"embedding":"AACAPw=="},{"index":1,"embedding":[1.0]}]})",
        R"({"data":[{"index":0,"embedding":"AACAPw=="},7]})"}) {
    const auto read = vectors_of(answer(text), 2);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::network) << text;
  }
}

TEST(Vectors, AreComparedByTheirDirection) {
  EXPECT_NEAR(cosine_of({1, 2}, {2, 4}), 1, 1e-12);
  EXPECT_NEAR(cosine_of({1, 0}, {0, 3}), 0, 1e-12);
  EXPECT_NEAR(cosine_of({1, 0}, {-2, 0}), -1, 1e-12);
  EXPECT_EQ(cosine_of({0, 0}, {1, 1}), 0);
  EXPECT_NEAR(cosine_of({1e30F, 0}, {1e30F, 0}), 1, 1e-12);
}

TEST(Vectors, AreWrittenWithAsFewDigitsAsTellThem) {
  const json::array numbers = numbers_of({0.1F, -0.5F, 1e-20F});
  EXPECT_EQ(numbers[0].as_double(), 0.1) << "0.10000000149011612 says no more";
  const Vector odd{0.12345679F, 3.4e38F, -1e-40F};
  for (std::size_t i = 0; i < odd.size(); ++i)
    EXPECT_EQ(static_cast<float>(numbers_of(odd)[i].as_double()), odd[i]) << "none is lost";
  EXPECT_EQ(static_cast<float>(numbers[2].as_double()), 1e-20F);
}

}  // namespace
}  // namespace eai::cli
