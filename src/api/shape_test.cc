#include "api/shape.h"

#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace eai::api {
namespace {

std::uint64_t of(const std::string& body, const std::string& path = "/v1/completions") {
  return shape_of(path, boost::json::parse(body).as_object());
}

TEST(Shape, OrderAndContentDoNotCount) {
  EXPECT_EQ(of(R"({"prompt":"hello","n":1})"), of(R"({"n":1,"prompt":"world"})"));
  EXPECT_EQ(of(R"({"prompt":["a","bcd","e"]})"), of(R"({"prompt":["xyz","b","a"]})"));
  const std::string brackets(20'000, '('), others(19'000, '[');
  EXPECT_EQ(of(R"({"grammar":")" + brackets + "\"}"), of(R"({"grammar":")" + others + "\"}"));
}

TEST(Shape, FieldsKindsSizesAndPathCount) {
  const std::string plain = R"({"prompt":"hello","n":1})";
  for (const char* other :
       {R"({"prompt":"hello"})", R"({"prompt":"hello","m":1})", R"({"prompt":"hello","n":"1"})",
        R"({"prompt":"hello","n":-1})", R"({"prompt":"hello","n":1.5})", R"({"prompt":"hello","n":4096})",
        R"({"prompt":"hello, all of you who are here today","n":1})", R"({"prompt":["hello"],"n":1})",
        R"({"prompt":{"hello":1},"n":1})", R"({"prompt":null,"n":1})", R"({"prompt":true,"n":1})"}) {
    EXPECT_NE(of(plain), of(other)) << other;
  }
  EXPECT_NE(of(plain), of(plain, "/v1/chat/completions"));
  EXPECT_NE(of(R"({"a":[1]})"), of(R"({"a":[1,1,1,1]})"));
  EXPECT_NE(of(R"({"a":[[],{}]})"), of(R"({"a":[[],[]]})"));
}

TEST(Shape, ExtremeNumbersHaveOne) {
  for (const char* number : {"0", "-0.0", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
                             "1e308", "5e-324", "-1e-308"})
    EXPECT_NE(of("{\"n\":" + std::string(number) + "}"), 0u) << number;
}

}  // namespace
}  // namespace eai::api
