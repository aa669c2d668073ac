#include "api/origins.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "api/checked_request.h"

namespace eai::api {
namespace {

TEST(Origins, ReplaceTheSmallestPartThatIsKnown) {
  Origins origins;
  origins.note("messages[1]", "input[4]");
  origins.note("messages[1].content", "input[4].output");
  origins.note("messages[10]", "input[5]", Inside::other);
  origins.note("stop", "stop_sequences");
  EXPECT_EQ(origins.of("messages[1].role"), "input[4].role");
  EXPECT_EQ(origins.of("messages[1].content[0].image_url"), "input[4].output[0].image_url");
  EXPECT_EQ(origins.of("messages[1]"), "input[4]");
  EXPECT_EQ(origins.of("messages[10].tool_calls[0].id"), "input[5]") << "its inside is not the client's";
  EXPECT_EQ(origins.of("stop[3]"), "stop_sequences[3]");
  for (const char* same : {"messages[2].role", "messages", "stopped", "temperature", ""})
    EXPECT_EQ(origins.of(same), same);
}

TEST(Origins, AreInTheWordsOfAnErrorToo) {
  Origins origins;
  origins.note("messages[0]", "input[1]");
  const Error told = origins.told(
      {Code::invalid, "the field 'messages[0].role' is wrong: 'messages[0].role'", {}, "messages[0].role"});
  EXPECT_EQ(told.about, "input[1].role");
  EXPECT_EQ(told.message, "the field 'input[1].role' is wrong: 'input[1].role'");
  EXPECT_EQ(origins.told({Code::invalid, "'messages[0]' is said by a client", {}, "n"}).message,
            "'messages[0]' is said by a client");
}

const Endpoint& endpoint(std::string_view path) {
  const auto all = endpoints();
  return *std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.path == path; });
}

// The field that a refusal is about. Its words must name no other.
std::string refused(std::string_view path, std::string body) {
  const auto request = check_request(endpoint(path), std::move(body));
  if (request) return "taken";
  EXPECT_NE(request.error().message.find("'" + request.error().about + "'"), std::string::npos)
      << request.error().message;
  return request.error().about;
}

// Where the pictures of a request are, separated by blanks.
std::string pictures(std::string_view path, std::string body) {
  const auto request = check_request(endpoint(path), std::move(body));
  if (!request) return request.error().message;
  std::string out;
  for (const PictureSpot& spot : request->chat.pictures) out += (out.empty() ? "" : " ") + spot.path;
  return out;
}

std::string deep_schema() {
  std::string out;
  for (int i = 0; i < 60; ++i) out += R"({"type":"array","items":)";
  return out + "{}" + std::string(60, '}');
}

TEST(Origins, OfResponses) {
  const auto about = [](const std::string& fields) {
    return refused("/v1/responses", R"({"input":"Hi",)" + fields + "}");
  };
  const std::string deep = deep_schema();
  const std::string other = R"({"type":"web_search"})";
  EXPECT_EQ(about(R"("tools":[)" + other + R"(,{"type":"function","name":"f","parameters":)" + deep + "}]"),
            "tools[1].parameters");
  EXPECT_EQ(about(R"("tools":[{"type":"function","function":{"name":"f","parameters":)" + deep + "}}]"),
            "tools[0].function.parameters");
  EXPECT_EQ(about(R"("text":{"format":{"type":"json_schema","name":"n","schema":)" + deep + "}}"),
            "text.format.schema");
  EXPECT_EQ(about(R"("text":{"format":{"type":"json_schema","json_schema":{"name":"n","schema":)" + deep + "}}}"),
            "text.format.json_schema.schema");
  EXPECT_EQ(refused("/v1/responses", R"({"input":[{"type":"web_search_call","id":"x"}]})"), "input");

  const std::string picture = R"({"type":"input_image","image_url":"data:,"})",
                    text = R"({"type":"input_text","text":"a"})";
  EXPECT_EQ(pictures("/v1/responses", R"({"instructions":"Be brief.","input":[{"role":"user","content":"a"},)"
                                      R"({"type":"function_call","call_id":"1","name":"f","arguments":"{}"},)"
                                      R"({"type":"function_call_output","call_id":"1","output":[)" +
                                          picture + R"(]},{"role":"user","content":[)" + text + "," + picture + "," +
                                          picture + "]}]}"),
            "input[2].output[0].image_url input[3].content[1].image_url input[3].content[2].image_url");
}

TEST(Origins, OfMessages) {
  const auto about = [](const std::string& fields) {
    return refused("/v1/messages", R"({"max_tokens":9,"messages":[{"role":"user","content":"Hi"}],)" + fields + "}");
  };
  const std::string deep = deep_schema();
  const std::string other = R"({"type":"bash_20250124","name":"bash"})";
  EXPECT_EQ(about(R"("tools":[)" + other + R"(,{"name":"f","input_schema":)" + deep + "}]"), "tools[1].input_schema");
  EXPECT_EQ(about(R"("tools":[{"name":"","input_schema":{}}])"), "tools[0].name");
  EXPECT_EQ(about(R"("output_config":{"format":{"type":"json_schema","schema":)" + deep + "}}"),
            "output_config.format.schema");
  EXPECT_EQ(about(R"("output_format":{"type":"json_schema","schema":)" + deep + "}"), "output_format.schema");
  EXPECT_EQ(about(R"("stop_sequences":["a",")" + std::string(2000, 'a') + "\"]"), "stop_sequences[1]");

  const std::string picture = R"({"type":"image","source":{"type":"url","url":"data:,"}})",
                    text = R"({"type":"text","text":"a"})";
  EXPECT_EQ(pictures("/v1/messages",
                     R"({"max_tokens":9,"system":"Be brief.","messages":[{"role":"user","content":[)" + picture +
                         R"(]},{"role":"user","content":[)" + text + "," + picture +
                         R"(]},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]},)" +
                         R"({"role":"user","content":[)" + picture +
                         R"(,{"type":"tool_result","tool_use_id":"1","content":[)" + text + "," + picture + "]}]}]}"),
            "messages[0].content[0].source messages[1].content[1].source messages[3].content[1].content[1].source "
            "messages[3].content[0].source");
}

}  // namespace
}  // namespace eai::api
