#include "api/vectors.h"

#include <cmath>
#include <cstring>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "util/base64.h"

namespace eai::api {
namespace {

namespace json = boost::json;

TEST(Vectors, AreCutAndMadeUnitVectorsAgain) {
  const auto cut = cut_vectors(R"({"data":[{"embedding":[0.6,0.0,0.8]},{"embedding":[3,4,100]}],"model":"m"})", 2);
  ASSERT_TRUE(cut) << cut.error().message;
  const json::value answer = json::parse(*cut);
  const json::array& first = answer.at("data").at(0).at("embedding").as_array();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_NEAR(first[0].to_number<double>(), 1.0, 1e-6);
  EXPECT_NEAR(first[1].to_number<double>(), 0.0, 1e-6);
  EXPECT_NEAR(answer.at("data").at(1).at("embedding").at(1).to_number<double>(), 0.8, 1e-6);
  EXPECT_EQ(answer.at("model"), "m");
}

TEST(Vectors, StayBase64WhereTheyWere) {
  const float numbers[] = {0.0F, 2.0F, 5.0F};
  const std::string text = to_base64({reinterpret_cast<const char*>(numbers), sizeof(numbers)});
  const auto cut = cut_vectors(R"({"data":[{"embedding":")" + text + "\"}]}", 2);
  ASSERT_TRUE(cut) << cut.error().message;
  const json::value answer = json::parse(*cut);
  const json::string& got = answer.at("data").at(0).at("embedding").as_string();
  const auto bytes = from_base64({got.data(), got.size()});
  ASSERT_EQ(bytes->size(), 8u);
  float read[2];
  std::memcpy(read, bytes->data(), 8);
  EXPECT_EQ(read[0], 0.0F);
  EXPECT_EQ(read[1], 1.0F);
}

TEST(Vectors, CannotBeLongerThanTheModelMakesThem) {
  const auto cut = cut_vectors(R"({"data":[{"embedding":[1,0]}]})", 3);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Code::invalid);
  EXPECT_EQ(cut.error().about, "dimensions");
  EXPECT_EQ(cut_vectors(R"({"data":[{"embedding":[0,0,0]}]})", 2).value(), R"({"data":[{"embedding":[0E0,0E0]}]})");
  for (const char* strange : {"", "{}", "[]", R"({"data":[7]})", R"({"data":[{"embedding":{}}]})",
                              R"({"data":[{"embedding":"AAA"}]})", R"({"data":[{"embedding":["x"]}]})"}) {
    EXPECT_EQ(cut_vectors(strange, 1).error().code, Code::network) << strange;
  }
}

}  // namespace
}  // namespace eai::api
