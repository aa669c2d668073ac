#include "api/api_error.h"

#include <gtest/gtest.h>

namespace eai::api {
namespace {

std::string engine_says(std::string_view message) {
  return R"({"error":{"code":500,"message":")" + std::string(message) + R"(","type":"server_error"}})";
}

TEST(ApiError, AFaultOfTheRequestIsToldAsOne) {
  auto large =
      fault_of_request(500, engine_says("input (9001 tokens) is too large to process. increase the physical batch"));
  ASSERT_TRUE(large);
  EXPECT_EQ(large->code, Code::invalid);
  EXPECT_EQ(large->message, "input (9001 tokens) is longer than the model takes at once");
  auto rank = fault_of_request(501, engine_says("This server does not support reranking. Start it with `--reranking`"));
  ASSERT_TRUE(rank);
  EXPECT_EQ(rank->message.find("--reranking"), std::string::npos) << "nobody here can start it so";
  EXPECT_TRUE(fault_of_request(501, "nonsense"));
}

TEST(ApiError, AnEnginesOwnFaultStaysItsOwn) {
  EXPECT_FALSE(fault_of_request(500, engine_says("out of memory")));
  EXPECT_FALSE(fault_of_request(500, "nonsense"));
  EXPECT_FALSE(fault_of_request(503, engine_says("x is too large to process")));
  EXPECT_FALSE(fault_of_request(400, engine_says("x is too large to process")));
}

}  // namespace
}  // namespace eai::api
