#include "api/responses_input.h"

#include <gtest/gtest.h>

#include "api/json_tree.h"
#include "api/translation.h"

namespace eai::api {
namespace {

namespace json = boost::json;

struct Talk : ::testing::Test {
  // The messages that the request becomes; what is wrong with it if it is refused.
  std::string ask(const std::string& request, const std::string& owner = "key") {
    translation = make_responses_translation(&shelf, owner);
    ignored.clear();
    auto tree = JsonTree::parse(request);
    EXPECT_TRUE(tree);
    const auto made = translation->to_chat(tree->root(), ignored);
    if (made) return json::serialize(tree->root().at("messages"));
    return std::string(name_of(made.error().code)) + " " + made.error().about;
  }

  json::object answer(const std::string& message) {
    const auto text = translation->whole(R"({"choices":[{"finish_reason":"stop","message":)" + message + "}]}");
    EXPECT_TRUE(text);
    return json::parse(*text).as_object();
  }
  // The id of a response to a question.
  std::string talk(const std::string& request, const std::string& message = R"({"content":"Paris"})") {
    ask(request);
    return json::value_to<std::string>(answer(message).at("id"));
  }

  ResponsesShelf shelf;
  std::unique_ptr<Translation> translation;
  Ignored ignored;
};

TEST_F(Talk, GoesOnFromAnEarlierResponse) {
  const std::string first = talk(R"({"input":"Where?","instructions":"Be brief."})");
  const std::string second =
      talk(R"({"input":[{"role":"user","content":"And?"}],"previous_response_id":")" + first + R"("})",
           R"({"content":"","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]})");
  EXPECT_EQ(ask(R"({"instructions":"New.","previous_response_id":")" + second +
                R"(","input":[{"type":"function_call_output","call_id":"c","output":"x"}]})"),
            R"([{"role":"system","content":"New."},{"role":"user","content":"Where?"},)"
            R"({"role":"assistant","content":"Paris"},{"role":"user","content":"And?"},)"
            R"({"role":"assistant","content":"","tool_calls":[)"
            R"({"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
            R"({"role":"tool","tool_call_id":"c","content":"x"}])")
      << "instructions are not carried over";
  EXPECT_EQ(answer(R"({"content":"x"})").at("previous_response_id"), json::value(second));
  EXPECT_EQ(ask(R"({"previous_response_id":")" + first + R"("})"),
            R"([{"role":"user","content":"Where?"},{"role":"assistant","content":"Paris"}])")
      << "a conversation may fork, and go on without a word";
}

TEST_F(Talk, ItemsMayBeReferredTo) {
  ask(R"({"input":"Where?"})");
  const json::object response = answer(R"({"content":"Paris","reasoning_content":"hm"})");
  const auto id = [&](std::size_t at) { return json::serialize(response.at("output").at(at).at("id")); };
  EXPECT_EQ(ask(R"({"input":[{"role":"user","content":"Where?"},{"type":"item_reference","id":)" + id(0) +
                R"(},{"id":)" + id(1) + R"(},{"role":"user","content":"And?"}]})"),
            R"([{"role":"user","content":"Where?"},{"role":"assistant","content":"Paris","reasoning_content":"hm"},)"
            R"({"role":"user","content":"And?"}])");
}

TEST_F(Talk, WhatIsNotKeptIsNotFound) {
  EXPECT_EQ(ask(R"({"input":"a","previous_response_id":"resp_1"})"), "invalid previous_response_id");
  EXPECT_EQ(ask(R"({"input":"a","previous_response_id":""})"), "invalid previous_response_id");
  EXPECT_EQ(ask(R"({"input":[{"role":"user","content":"a"},{"type":"item_reference","id":"msg_1"}]})"),
            "invalid input[1].id");
  const std::string mine = talk(R"({"input":"a"})");
  EXPECT_EQ(ask(R"({"input":"a","previous_response_id":")" + mine + R"("})", "other key"),
            "invalid previous_response_id");
  EXPECT_TRUE(shelf.erase("key", mine));
  EXPECT_EQ(ask(R"({"input":"a","previous_response_id":")" + mine + R"("})"), "invalid previous_response_id");
}

TEST_F(Talk, ACallThatWasCutOffIsNotGoneOnFrom) {
  const std::string id =
      talk(R"({"input":"a"})", R"({"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a"}}]})");
  EXPECT_EQ(ask(R"({"input":"b","previous_response_id":")" + id + R"("})"), "invalid previous_response_id");
}

TEST_F(Talk, NothingIsKeptUnlessItIsWanted) {
  ask(R"({"input":"a","store":false})");
  const json::object response = answer(R"({"content":"x"})");
  EXPECT_EQ(response.at("store"), false);
  const std::string id = json::value_to<std::string>(response.at("id"));
  EXPECT_EQ(shelf.find("key", id), nullptr);
  EXPECT_EQ(shelf.item("key", json::value_to<std::string>(response.at("output").at(0).at("id"))), nullptr);
}

TEST_F(Talk, AnOversizedResponseIsNotKept) {
  ask(R"({"input":[{"role":"user","content":")" + std::string(ResponsesShelf::k_largest, 'x') + R"("}]})");
  const json::object response = answer(R"({"content":"x"})");
  EXPECT_EQ(response.at("store"), false) << "the answer says so";
  EXPECT_EQ(shelf.find("key", json::value_to<std::string>(response.at("id"))), nullptr);
}

TEST_F(Talk, WhatIsKeptIsTheWholeResponseAndCompleteItems) {
  const std::string id = talk(R"({"input":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},
      {"id":"msg_own","role":"user","content":[{"type":"input_text","text":"c"}]},{"type":"web_search_call"}]})");
  EXPECT_EQ(ignored, Ignored{"input[3]"});
  const auto kept = shelf.find("key", id);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(json::parse(kept->text).at("id"), json::value(id));
  EXPECT_EQ(json::parse(kept->text).at("store"), true);
  ASSERT_EQ(kept->input.size(), 4U);
  json::value user = json::parse(kept->input[0]->text), own = json::parse(kept->input[1]->text);
  EXPECT_EQ(user.at("id"), json::value(kept->input[0]->id));
  user.as_object().erase("id");
  own.as_object().erase("id");
  EXPECT_EQ(json::serialize(user), R"({"role":"user","content":[{"type":"input_text","text":"a"}],"type":"message"})");
  EXPECT_EQ(json::serialize(own),
            R"({"role":"assistant","content":[{"type":"output_text","text":"b","annotations":[]}],"type":"message"})");
  EXPECT_EQ(kept->input[2]->id, "msg_own");
  ASSERT_EQ(kept->output.size(), 1U);
  ask(R"({"input":"d","previous_response_id":")" + id + R"("})");
  EXPECT_TRUE(ignored.empty()) << "it was told the first time";
}

TEST_F(Talk, WhatIsKeptMayBeNestedAsDeepAsARequest) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  const std::string id = talk(R"({"input":[{"role":"user","content":"a","x":)" + deep + "}]}");
  EXPECT_EQ(ask(R"({"input":"b","previous_response_id":")" + id + R"("})"),
            R"([{"role":"user","content":"a"},{"role":"assistant","content":"Paris"},{"role":"user","content":"b"}])");
}

TEST_F(Talk, AStreamIsKeptWhenItHasEnded) {
  ask(R"({"input":"a","stream":true})");
  const std::string first = translation->events(R"({"choices":[{"delta":{"content":"x"},"finish_reason":"length"}]})");
  const std::string id = first.substr(first.find("resp_"), 5 + 32);
  EXPECT_EQ(shelf.find("key", id), nullptr);
  translation->finish();
  ASSERT_NE(shelf.find("key", id), nullptr);
  EXPECT_EQ(json::parse(shelf.find("key", id)->text).at("status"), "incomplete");
}

TEST_F(Talk, AStreamThatFailedIsNotKept) {
  ask(R"({"input":"a","stream":true})");
  const std::string first = translation->events(R"({"choices":[{"delta":{"content":"x"}}]})");
  translation->failure({Code::network, "gone"});
  translation->finish();
  EXPECT_EQ(shelf.find("key", first.substr(first.find("resp_"), 5 + 32)), nullptr);
}

}  // namespace
}  // namespace eai::api
