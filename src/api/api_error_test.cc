#include "api/api_error.h"

#include <gtest/gtest.h>

namespace eai::api {
namespace {

TEST(ApiError, NamesTheFieldThatItIsAbout) {
  const Error error{Code::invalid, "it is wrong", Hint::none, "messages[0].role"};
  EXPECT_EQ(
      error_reply(error).body,
      R"({"error":{"message":"it is wrong","type":"invalid_request_error","param":"messages[0].role","code":"invalid"}})");
  EXPECT_NE(error_event(error, Style::openai, "context_length_exceeded").find(R"("code":"context_length_exceeded")"),
            std::string::npos);
  EXPECT_TRUE(error_event(error, Style::anthropic).starts_with("event: error\ndata: {\"type\":\"error\""));
}

TEST(ApiError, AnthropicsClientsGetAnthropicsErrors) {
  const auto style = [](std::string target, http::HeaderList headers = {}) {
    http::Incoming request;
    request.target = std::move(target);
    request.headers = std::move(headers);
    return style_of(request);
  };
  EXPECT_EQ(style("/v1/messages"), Style::anthropic);
  EXPECT_EQ(style("/v1/messages?beta=true"), Style::anthropic);
  EXPECT_EQ(style("/messages/count_tokens"), Style::anthropic);
  EXPECT_EQ(style("/v1/messages/batches"), Style::anthropic);
  EXPECT_EQ(style("/v1/messages2"), Style::openai);
  EXPECT_EQ(style("/v1/chat/completions"), Style::openai);
  EXPECT_EQ(style("/v1/models/x"), Style::openai);
  EXPECT_EQ(style("/v1/models/x", {{"anthropic-version", "2023-06-01"}}), Style::anthropic);
  EXPECT_EQ(style(""), Style::openai) << "of a head of which nothing has arrived";
  const std::pair<int, std::string_view> types[] = {{400, "invalid_request_error"}, {401, "authentication_error"},
                                                    {403, "permission_error"},      {404, "not_found_error"},
                                                    {405, "invalid_request_error"}, {413, "request_too_large"},
                                                    {429, "rate_limit_error"},      {500, "api_error"},
                                                    {503, "overloaded_error"}};
  for (const auto& [status, type] : types) {
    http::Reply reply = error_reply(status, "x", "why", "code", Style::anthropic);
    EXPECT_EQ(reply.body, R"({"type":"error","error":{"type":")" + std::string(type) + R"(","message":"why"}})");
    name_request(reply, "req_1");
    EXPECT_TRUE(reply.body.ends_with(R"("},"request_id":"req_1"})")) << reply.body;
  }
  http::Reply other = error_reply(404, "x", "why", "code", Style::openai);
  const std::string before = other.body;
  name_request(other, "req_1");
  EXPECT_EQ(other.body, before) << "OpenAI's form has no place for it";
}

}  // namespace
}  // namespace eai::api
