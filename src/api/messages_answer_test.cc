#include "api/messages_answer.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace eai::api {
namespace {

namespace json = boost::json;

std::string completion(std::string_view message, std::string_view finish, std::string_view more = "") {
  return R"({"id":"chatcmpl-7x","object":"chat.completion","model":"demo","choices":[{"index":0,"finish_reason":")" +
         std::string(finish) + R"(","message":)" + std::string(message) +
         R"(}],"usage":{"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":7}})" +
         std::string(more) + "}";
}

json::value answer(std::string_view message, std::string_view finish, std::string_view more = "") {
  auto out = message_of(completion(message, finish, more), {{"END"}, "Once "});
  EXPECT_TRUE(out);
  return out ? json::parse(*out) : json::value();
}

TEST(MessagesAnswer, AnAnswerIsAMessage) {
  EXPECT_EQ(answer(R"({"role":"assistant","content":"Hi"})", "stop"), json::parse(R"({
    "id":"msg_7x","type":"message","role":"assistant","model":"demo","content":[{"type":"text","text":"Hi"}],
    "stop_reason":"end_turn","stop_sequence":null,
    "usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":7,"output_tokens":4}})"));
}

TEST(MessagesAnswer, ItSaysWhyItHasEnded) {
  const std::string_view message = R"({"content":"Hi"})";
  EXPECT_EQ(answer(message, "length").at("stop_reason"), "max_tokens");
  EXPECT_EQ(answer(message, "tool_calls").at("stop_reason"), "tool_use");
  EXPECT_EQ(answer(message, "content_filter").at("stop_reason"), "refusal");
  json::value stopped = answer(message, "stop", R"(,"__verbose":{"stopping_word":"END"})");
  EXPECT_EQ(stopped.at("stop_reason"), "stop_sequence");
  EXPECT_EQ(stopped.at("stop_sequence"), "END");
  stopped = answer(message, "stop", R"(,"__verbose":{"stopping_word":"<|im_end|>"})");
  EXPECT_EQ(stopped.at("stop_reason"), "end_turn") << "the template's own word is not the client's";
  EXPECT_TRUE(stopped.at("stop_sequence").is_null());
}

TEST(MessagesAnswer, ThoughtsTextAndCallsAreBlocksInThisOrder) {
  const json::value content = answer(R"({"reasoning_content":"hm","content":"Let me see","tool_calls":[
      {"id":"c1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}]})",
                                     "tool_calls")
                                  .at("content");
  EXPECT_EQ(content, json::parse(R"([{"type":"thinking","thinking":"hm","signature":""},
      {"type":"text","text":"Let me see"},{"type":"tool_use","id":"c1","name":"look","input":{"at":1}}])"));
  EXPECT_TRUE(answer(R"({"content":null})", "stop").at("content").as_array().empty());
}

TEST(MessagesAnswer, WhatAToolIsCalledWithIsAnObject) {
  auto input = [](std::string_view arguments) {
    return answer(R"({"tool_calls":[{"id":"c","function":{"name":"look","arguments":")" + std::string(arguments) +
                      R"("}}]})",
                  "tool_calls")
        .at("content")
        .at(0)
        .at("input");
  };
  EXPECT_EQ(input(""), json::object());
  EXPECT_EQ(input("{}"), json::object());
  EXPECT_EQ(input("[1]"), json::parse(R"({"INVALID_JSON":"[1]"})"));
  EXPECT_EQ(input("{cut"), json::parse(R"({"INVALID_JSON":"{cut"})"));
}

TEST(MessagesAnswer, WhatItContinuesIsNotRepeated) {
  EXPECT_EQ(answer(R"({"content":"Once upon"})", "stop").at("content").at(0).at("text"), "upon");
  EXPECT_EQ(answer(R"({"content":"Twice"})", "stop").at("content").at(0).at("text"), "Twice");
  EXPECT_TRUE(answer(R"({"content":"Once "})", "stop").at("content").as_array().empty());
}

TEST(MessagesAnswer, WhatIsNoAnswerIsTheEnginesFault) {
  for (const std::string_view bad : {"", "[]", "{}", R"({"choices":[]})", R"({"choices":[{"message":5}]})"}) {
    auto out = message_of(bad, {});
    ASSERT_FALSE(out) << bad;
    EXPECT_EQ(out.error().code, Code::network);
  }
  EXPECT_FALSE(count_of("{}"));
}

TEST(MessagesAnswer, ACountIsANumber) {
  auto out = count_of(R"({"input_tokens":12,"object":"response.input_tokens"})");
  ASSERT_TRUE(out);
  EXPECT_EQ(*out, R"({"input_tokens":12})");
}

// The events of a stream, each as its data.
class MessagesStream : public ::testing::Test {
 protected:
  void send(std::string_view delta, std::string_view finish = "null", std::string_view more = "") {
    take(events_.take(R"({"id":"chatcmpl-7x","model":"demo","choices":[{"index":0,"delta":)" + std::string(delta) +
                      R"(,"finish_reason":)" + std::string(finish) + "}]" + std::string(more) + "}"));
  }
  void send_usage() {
    take(events_.take(R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4,
                          "prompt_tokens_details":{"cached_tokens":7}}})"));
  }
  // Each event has its type as name.
  void take(std::string text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t data = text.find("\ndata: ", at);
      const std::size_t end = text.find("\n\n", data);
      ASSERT_NE(end, std::string::npos) << text;
      got_.push_back(json::parse(text.substr(data + 7, end - data - 7)));
      EXPECT_EQ(text.substr(at, data - at), "event: " + std::string(got_.back().at("type").as_string()));
      at = end + 2;
    }
  }
  std::string types() const {
    std::string out;
    for (const json::value& event : got_) {
      const std::string type(event.at("type").as_string());
      if (type.starts_with("content_block_"))
        out += type.substr(14) + std::to_string(event.at("index").as_int64()) + " ";
      else
        out += type + " ";
    }
    return out;
  }

  MessageEvents events_{StopSequences{"END"}};
  std::vector<json::value> got_;
};

TEST_F(MessagesStream, ATextIsOneBlock) {
  send(R"({"role":"assistant","content":null})");
  send(R"({"content":"Hel"})");
  send(R"({"content":"lo"})");
  send("{}", R"("stop")");
  send_usage();
  take(events_.finish());
  EXPECT_EQ(types(), "message_start start0 delta0 delta0 stop0 message_delta message_stop ");
  EXPECT_EQ(got_[0].at("message").at("id"), "msg_7x");
  EXPECT_EQ(got_[1].at("content_block"), json::parse(R"({"type":"text","text":""})"));
  EXPECT_EQ(got_[3].at("delta"), json::parse(R"({"type":"text_delta","text":"lo"})"));
  EXPECT_EQ(got_[5], json::parse(R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},
    "usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":7,"output_tokens":4}})"));
}

TEST_F(MessagesStream, EveryKindHasItsBlocks) {
  send(R"({"reasoning_content":"hm"})");
  send(R"({"content":"Let me"})");
  send(R"({"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"look","arguments":"{\"a\""}}]})");
  send(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]})");
  send(R"({"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"see","arguments":""}}]})");
  send("{}", R"("tool_calls")");
  take(events_.finish());
  EXPECT_EQ(types(),
            "message_start start0 delta0 delta0 stop0 start1 delta1 stop1 start2 delta2 delta2 stop2 start3 stop3 "
            "message_delta message_stop ");
  EXPECT_EQ(got_[3].at("delta"), json::parse(R"({"type":"signature_delta","signature":""})"));
  EXPECT_EQ(got_[8].at("content_block"), json::parse(R"({"type":"tool_use","id":"c1","name":"look","input":{}})"));
  EXPECT_EQ(got_[10].at("delta"), json::parse(R"({"type":"input_json_delta","partial_json":":1}"})"));
  EXPECT_EQ(got_[12].at("content_block").at("id"), "c2");
  EXPECT_EQ(got_[14].at("delta").at("stop_reason"), "tool_use");
}

TEST_F(MessagesStream, TheFirstEventTellsTheLengthOfThePrompt) {
  const std::string comment = events_.take(
      R"({"choices":[{"delta":{"role":"assistant","content":null}}],
          "prompt_progress":{"total":10,"cache":7,"processed":8,"time_ms":1}})");
  EXPECT_EQ(comment, ": reading the prompt, 80 %\n\n");
  send(R"({"content":"a"})");
  EXPECT_EQ(got_[0].at("message").at("usage").at("input_tokens"), 3);
  EXPECT_EQ(got_[0].at("message").at("usage").at("cache_read_input_tokens"), 7);
}

TEST_F(MessagesStream, AStopSequenceIsTold) {
  send(R"({"content":"a"})", "null", R"(,"__verbose":{"stopping_word":"END"})");
  send("{}", R"("stop")");
  take(events_.finish());
  EXPECT_EQ(got_[4].at("delta"), json::parse(R"({"stop_reason":"stop_sequence","stop_sequence":"END"})"));
}

TEST_F(MessagesStream, AFailureIsTheLastEvent) {
  send(R"({"content":"a"})");
  const std::string error = events_.take(R"({"error":{"code":500,"message":"out of memory","type":"server_error"}})");
  EXPECT_EQ(error.find("event: error\ndata: {\"type\":\"error\",\"error\":{"), 0U) << error;
  EXPECT_NE(error.find("out of memory"), std::string::npos);
  EXPECT_EQ(events_.finish(), "");
  EXPECT_EQ(events_.take(R"({"choices":[{"delta":{"content":"b"}}]})"), "");
}

TEST_F(MessagesStream, AnAnswerWithoutAnEndIsAFailure) {
  send(R"({"content":"a"})");
  EXPECT_EQ(events_.finish().find("event: error\n"), 0U);
  MessageEvents other;
  EXPECT_EQ(other.take("nonsense").find("event: error\n"), 0U);
}

}  // namespace
}  // namespace eai::api
