#include "api/forced_call.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace eai::api {
namespace {

namespace json = boost::json;

json::object request(const std::string& tools) {
  return json::parse(R"({"messages":[{"role":"user","content":"hi"}],"tool_choice":"required","tools":)" + tools + "}")
      .as_object();
}
const std::string k_f = R"({"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":)"
                        R"({"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"integer"}}}}})";
const std::string k_g = R"({"type":"function","function":{"name":"g"}})";

std::string completion(const std::string& content, const std::string& reason = "stop") {
  return json::serialize(json::object{
      {"choices",
       {{{"index", 0}, {"message", {{"role", "assistant"}, {"content", content}}}, {"finish_reason", reason}}}}});
}

TEST(ForcedCall, LeavesTheModelNothingElseToSay) {
  json::object body = request("[" + k_f + "]");
  force_call(body, nullptr);
  EXPECT_FALSE(body.contains("tools") || body.contains("tool_choice"));
  EXPECT_EQ(json::serialize(body.at("response_format").at("json_schema").at("schema")),
            R"({"$defs":{"A":{"type":"integer"}},"type":"object","properties":{"name":{"const":"f"},"arguments":)"
            R"({"type":"object","properties":{"a":{"$ref":"#/$defs/A"}}}},"required":["name","arguments"],)"
            R"("additionalProperties":false})");
  const json::value& told = body.at("messages").at(0);
  EXPECT_EQ(told.at("role"), "system");
  EXPECT_NE(std::string(told.at("content").as_string()).find("\"f\""), std::string::npos);

  body = request("[" + k_f + "," + k_g + "]");
  body["messages"].as_array().insert(body["messages"].as_array().begin(),
                                     json::object{{"role", "system"}, {"content", "be kind"}});
  force_call(body, nullptr);
  EXPECT_EQ(body.at("response_format").at("json_schema").at("schema").at("anyOf").as_array().size(), 2u);
  EXPECT_EQ(body.at("messages").as_array().size(), 2u);
  EXPECT_TRUE(std::string(body.at("messages").at(0).at("content").as_string()).starts_with("be kind\n\nYou must"));
}

TEST(ForcedCall, ItsTextBecomesTheCall) {
  json::object body = request("[" + k_g + "]");
  const auto forced = force_call(body, nullptr);
  const json::value answer = json::parse(forced->whole(completion(R"({"name":"g","arguments":{"x":[1]}})")).value());
  const json::value& choice = answer.at("choices").at(0);
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  EXPECT_TRUE(choice.at("message").at("content").is_null());
  EXPECT_EQ(choice.at("message").at("tool_calls").at(0).at("function").at("arguments"), R"({"x":[1]})");
  EXPECT_EQ(choice.at("message").at("tool_calls").at(0).at("type"), "function");

  const json::value cut = json::parse(forced->whole(completion(R"({"name":"g","argu)", "length")).value());
  EXPECT_EQ(cut.at("choices").at(0).at("finish_reason"), "length");
  EXPECT_EQ(cut.at("choices").at(0).at("message").at("content"), R"({"name":"g","argu)");
  EXPECT_EQ(forced->whole("x").error().code, Code::network);
}

TEST(ForcedCall, AStreamTellsItInOnePiece) {
  json::object body = request("[" + k_g + "]");
  const auto forced = force_call(body, nullptr);
  const auto said = [&](const std::string& delta, const std::string& reason) {
    return forced->events(R"({"choices":[{"index":0,"delta":)" + delta + ",\"finish_reason\":" + reason + "}]}");
  };
  EXPECT_EQ(said(R"({"content":"{\"name\":\"g\","})", "null").find("name"), std::string::npos);
  EXPECT_EQ(said(R"({"content":"\"arguments\":{}}"})", "null").find("arguments"), std::string::npos);
  const std::string last = said("{}", "\"stop\"");
  EXPECT_NE(last.find(R"("function":{"name":"g","arguments":"{}"},"index":0)"), std::string::npos) << last;
  EXPECT_NE(last.find(R"("finish_reason":"tool_calls")"), std::string::npos) << last;
  EXPECT_EQ(forced->events(R"({"choices":[],"usage":{}})"), "data: {\"choices\":[],\"usage\":{}}\n\n");
  EXPECT_EQ(forced->finish(), "data: [DONE]\n\n");
}

// As llama-server streams two choices with probabilities and usage: in turns, with the usage after each that has ended.
TEST(ForcedCall, AStreamOfSeveralChoicesKeepsThemApart) {
  json::object body = request("[" + k_g + "]");
  const auto forced = force_call(body, nullptr);
  const auto said = [&](int index, const std::string& content, const std::string& reason = "null") {
    const std::string delta = content.empty() ? "{}" : json::serialize(json::object{{"content", content}});
    const std::string tokens = content.empty() ? "[]" : json::serialize(json::array{{{"token", content}}});
    return forced->events(R"({"choices":[{"index":)" + std::to_string(index) + R"(,"delta":)" + delta +
                          R"(,"logprobs":{"content":)" + tokens + R"(},"finish_reason":)" + reason + "}]}");
  };
  for (const std::string& event : {said(1, R"({"name":)"), said(0, R"({"name":"g",)"), said(1, R"("g",)"),
                                   said(0, R"("arguments":{"n":0}})"), said(1, R"("argum)")}) {
    EXPECT_NE(event.find(R"("delta":{},"logprobs":null)"), std::string::npos) << event;
  }
  const std::string call = said(0, "", "\"stop\"");
  EXPECT_NE(call.find(R"("arguments":"{\"n\":0}"},"index":0}]},"logprobs":null,"finish_reason":"tool_calls")"),
            std::string::npos)
      << call;
  EXPECT_EQ(forced->events(R"({"choices":[],"usage":{}})"), "data: {\"choices\":[],\"usage\":{}}\n\n");
  const std::string cut = said(1, "", "\"length\"");
  EXPECT_NE(cut.find(R"({\"name\":\"g\",\"argum)"), std::string::npos) << cut;
  EXPECT_NE(cut.find(R"("logprobs":{"content":[{"token":"{\"name\":"},{"token":"\"g\","},{"token":"\"argum"}]})"),
            std::string::npos)
      << "what is told as a text has its tokens: " << cut;
}

TEST(ForcedCall, ACallHasNoProbabilitiesOfAText) {
  json::object body = request("[" + k_g + "]");
  const auto forced = force_call(body, nullptr);
  json::object answer = json::parse(completion(R"({"name":"g","arguments":{}})")).as_object();
  answer["choices"].at(0).as_object()["logprobs"] = {{"content", {{{"token", "{"}}}}};
  const json::value made = json::parse(forced->whole(json::serialize(answer)).value());
  EXPECT_TRUE(made.at("choices").at(0).at("logprobs").is_null());
}

}  // namespace
}  // namespace eai::api
