#include "api/responses_events.h"

#include <gtest/gtest.h>

#include "api/translation.h"
#include "http/sse.h"

namespace eai::api {
namespace {

namespace json = boost::json;

std::string text_of_value(const json::value& value) { return json::value_to<std::string>(value); }

struct Answering : ::testing::Test {
  void ask(const std::string& request) {
    json::object body = json::parse(request).as_object();
    Ignored ignored;
    ASSERT_TRUE(translation->to_chat(body, ignored));
  }

  // The events of a text, checked: each is named by its type, and they are numbered.
  void read(const std::string& text) {
    ASSERT_TRUE(reader.feed(text));
    while (auto event = reader.next()) {
      json::object fields = json::parse(event->data).as_object();
      EXPECT_EQ(text_of_value(fields.at("type")), event->event);
      EXPECT_EQ(fields.at("sequence_number"), static_cast<std::int64_t>(told.size()));
      told.push_back(std::move(fields));
    }
  }

  void chunk(const std::string& choice) {
    read(translation->events(
        R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"demo",)"
        R"("choices":[)" +
        choice + "]}"));
  }
  void delta(const std::string& fields) { chunk(R"({"index":0,"finish_reason":null,"delta":)" + fields + "}"); }
  void end(const std::string& reason) {
    chunk(R"({"index":0,"delta":{},"finish_reason":")" + reason + "\"}");
    read(translation->events(R"({"choices":[],"created":1700000000,"model":"demo","usage":{"prompt_tokens":5,
        "completion_tokens":3,"total_tokens":8,"prompt_tokens_details":{"cached_tokens":2}}})"));
    read(translation->finish());
  }

  // "type[output_index]" of each event, without the prefix "response.".
  std::string story() const {
    std::string out;
    for (const json::object& event : told) {
      std::string type = text_of_value(event.at("type"));
      if (type.starts_with("response.")) type.erase(0, 9);
      out += type;
      if (event.contains("output_index")) out += std::to_string(event.at("output_index").to_number<int>());
      out += ' ';
    }
    return out;
  }
  // What the deltas of one kind say of one item.
  std::string deltas(const std::string& type, int at) const {
    std::string out;
    for (const json::object& event : told) {
      if (text_of_value(event.at("type")) == "response." + type + ".delta" &&
          event.at("output_index").to_number<int>() == at)
        out += text_of_value(event.at("delta"));
    }
    return out;
  }
  const json::object& last_response() const { return told.back().at("response").as_object(); }

  std::unique_ptr<Translation> translation = make_responses_translation(nullptr, {});
  http::SseReader reader;
  std::vector<json::object> told;
};

TEST_F(Answering, AStreamOfText) {
  ask(R"({"model":"m","input":"a","stream":true})");
  delta(R"({"role":"assistant","content":null})");
  EXPECT_EQ(story(), "created in_progress ") << "the client learns at once that it is answered";
  delta(R"({"content":"Par"})");
  delta(R"({"content":"is"})");
  end("stop");
  EXPECT_EQ(story(),
            "created in_progress output_item.added0 content_part.added0 output_text.delta0 output_text.delta0 "
            "output_text.done0 content_part.done0 output_item.done0 completed ");
  const json::object& created = told[0].at("response").as_object();
  EXPECT_EQ(created.at("created_at"), 1700000000);
  EXPECT_EQ(created.at("model"), "demo");
  EXPECT_EQ(created.at("status"), "in_progress");
  EXPECT_TRUE(created.at("output").as_array().empty());
  EXPECT_EQ(json::serialize(told[3].at("part")), R"({"type":"output_text","text":"","annotations":[],"logprobs":[]})");
  EXPECT_EQ(told[2].at("item").at("status"), "in_progress");
  EXPECT_TRUE(told[2].at("item").at("content").as_array().empty());
  const json::value& id = told[2].at("item").at("id");
  for (std::size_t i = 3; i < 8; ++i) {
    EXPECT_EQ(told[i].at("item_id"), id);
    EXPECT_EQ(told[i].at("content_index").to_number<int>(), 0);
  }
  EXPECT_EQ(told[4].at("delta"), "Par");
  EXPECT_TRUE(told[4].at("logprobs").as_array().empty());
  EXPECT_EQ(told[6].at("text"), "Paris");
  const json::object& response = last_response();
  EXPECT_EQ(response.at("status"), "completed");
  EXPECT_EQ(response.at("id"), created.at("id"));
  EXPECT_EQ(response.at("output").at(0), told[8].at("item"));
  EXPECT_EQ(response.at("output").at(0).at("content").at(0).at("text"), "Paris");
  EXPECT_EQ(json::serialize(response.at("usage")),
            R"({"input_tokens":5,"input_tokens_details":{"cached_tokens":2,"cache_write_tokens":0},)"
            R"("output_tokens":3,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":8})");
}

TEST_F(Answering, ReasoningComesAsAnItemOfItsOwn) {
  ask(R"({"input":"a","stream":true})");
  delta(R"({"reasoning_content":"h"})");
  delta(R"({"reasoning_content":"m"})");
  delta(R"({"content":"x"})");
  end("stop");
  EXPECT_EQ(story(),
            "created in_progress output_item.added0 content_part.added0 reasoning_text.delta0 reasoning_text.delta0 "
            "reasoning_text.done0 content_part.done0 output_item.done0 output_item.added1 content_part.added1 "
            "output_text.delta1 output_text.done1 content_part.done1 output_item.done1 completed ");
  const json::object& item = last_response().at("output").at(0).as_object();
  EXPECT_EQ(item.at("type"), "reasoning");
  EXPECT_TRUE(item.at("summary").as_array().empty());
  EXPECT_EQ(json::serialize(item.at("content")), R"([{"type":"reasoning_text","text":"hm"}])");
  EXPECT_EQ(told[6].at("text"), "hm");
}

TEST_F(Answering, SeveralCallsWhoseChunksAlternate) {
  ask(R"({"input":"a","stream":true})");
  delta(R"({"content":"Let me see."})");
  delta(R"({"tool_calls":[{"index":0,"id":"c0","type":"function","function":{"name":"f","arguments":""}}]})");
  delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]})");
  delta(R"({"tool_calls":[{"index":1,"id":"c1","type":"function","function":{"name":"g","arguments":"{"}}]})");
  delta(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}},{"index":1,"function":{"arguments":"}"}}]})");
  delta(R"({"tool_calls":[{"index":2,"id":"c2","function":{"name":"h"}}]})");
  end("tool_calls");
  EXPECT_EQ(story(),
            "created in_progress output_item.added0 content_part.added0 output_text.delta0 output_text.done0 "
            "content_part.done0 output_item.done0 output_item.added1 function_call_arguments.delta1 output_item.added2 "
            "function_call_arguments.delta2 function_call_arguments.delta1 function_call_arguments.delta2 "
            "output_item.added3 function_call_arguments.done1 output_item.done1 function_call_arguments.done2 "
            "output_item.done2 function_call_arguments.delta3 function_call_arguments.done3 output_item.done3 "
            "completed ");
  EXPECT_EQ(deltas("function_call_arguments", 1), R"({"a":1})");
  EXPECT_EQ(deltas("function_call_arguments", 2), "{}");
  EXPECT_EQ(deltas("function_call_arguments", 3), "{}") << "no arguments are an empty object";
  const json::array& output = last_response().at("output").as_array();
  ASSERT_EQ(output.size(), 4U);
  EXPECT_EQ(output[1].at("type"), "function_call");
  EXPECT_EQ(output[1].at("call_id"), "c0");
  EXPECT_EQ(output[1].at("name"), "f");
  EXPECT_EQ(output[1].at("arguments"), R"({"a":1})");
  EXPECT_EQ(output[1].at("status"), "completed");
  EXPECT_EQ(text_of_value(output[1].at("id")).substr(0, 3), "fc_");
  EXPECT_EQ(told[8].at("item").at("arguments"), "") << "the deltas are added to it";
}

TEST_F(Answering, ACallIsAnnouncedWithItsName) {
  ask(R"({"input":"a","stream":true})");
  delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]})");
  EXPECT_EQ(story(), "created in_progress ");
  delta(R"({"tool_calls":[{"index":0,"function":{"name":"f","arguments":"1}"}}]})");
  end("tool_calls");
  EXPECT_EQ(story(),
            "created in_progress output_item.added0 function_call_arguments.delta0 function_call_arguments.done0 "
            "output_item.done0 completed ");
  EXPECT_EQ(told[3].at("delta"), R"({"a":1})");
  EXPECT_EQ(text_of_value(told[2].at("item").at("call_id")).substr(0, 5), "call_") << "the engine gave none";
}

TEST_F(Answering, ACallWithoutANameIsNotAnAnswer) {
  ask(R"({"input":"a","stream":true})");
  delta(R"({"tool_calls":[{"index":0,"id":"c","function":{"arguments":"{}"}}]})");
  end("tool_calls");
  EXPECT_EQ(story(), "created in_progress error failed ");
  EXPECT_TRUE(last_response().at("output").as_array().empty());
}

TEST_F(Answering, WordsAfterACallAreAnotherMessage) {
  ask(R"({"input":"a","stream":true})");
  delta(R"({"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]})");
  delta(R"({"content":"x"})");
  end("stop");
  const json::array& output = last_response().at("output").as_array();
  ASSERT_EQ(output.size(), 2U);
  EXPECT_EQ(output[0].at("type"), "function_call");
  EXPECT_EQ(output[1].at("type"), "message");
}

TEST_F(Answering, ARefusalIsAPart) {
  ask(R"({"input":"a","stream":true})");
  delta(R"({"content":"Well, "})");
  delta(R"({"refusal":"no"})");
  end("stop");
  EXPECT_EQ(story(),
            "created in_progress output_item.added0 content_part.added0 output_text.delta0 output_text.done0 "
            "content_part.done0 content_part.added0 refusal.delta0 refusal.done0 content_part.done0 output_item.done0 "
            "completed ");
  EXPECT_EQ(told[8].at("content_index").to_number<int>(), 1);
  EXPECT_EQ(told[9].at("refusal"), "no");
  EXPECT_EQ(json::serialize(last_response().at("output").at(0).at("content").at(1)),
            R"({"type":"refusal","refusal":"no"})");
}

TEST_F(Answering, AnAnswerThatIsCutIsIncomplete) {
  ask(R"({"input":"a","stream":true,"max_output_tokens":1})");
  delta(R"({"content":"Par"})");
  end("length");
  EXPECT_EQ(told.back().at("type"), "response.incomplete");
  EXPECT_EQ(last_response().at("status"), "incomplete");
  EXPECT_EQ(json::serialize(last_response().at("incomplete_details")), R"({"reason":"max_output_tokens"})");
  EXPECT_EQ(last_response().at("output").at(0).at("status"), "incomplete");
  EXPECT_TRUE(last_response().at("completed_at").is_null());
}

TEST_F(Answering, AnEmptyAnswerIsAnEmptyText) {
  ask(R"({"input":"a","stream":true})");
  end("stop");
  EXPECT_EQ(story(),
            "created in_progress output_item.added0 content_part.added0 output_text.done0 content_part.done0 "
            "output_item.done0 completed ");
  EXPECT_EQ(last_response().at("output").at(0).at("content").at(0).at("text"), "");
}

TEST_F(Answering, LogprobsGoWithTheirText) {
  ask(R"({"input":"a","stream":true,"top_logprobs":1})");
  const auto token = [](const std::string& text) {
    return R"({"id":7,"token":")" + text + R"(","bytes":[80],"logprob":-0.5,"top_logprobs":[{"id":7,"token":")" + text +
           R"(","bytes":[80],"logprob":-0.5}]})";
  };
  const auto with = [&](const std::string& fields, const std::string& text) {
    chunk(R"({"index":0,"delta":)" + fields + R"(,"logprobs":{"content":[)" + token(text) + "]}}");
  };
  with(R"({"reasoning_content":"hm"})", "hm");
  with("{}", "Pa");
  with(R"({"content":"Paris"})", "ris");
  end("stop");
  const std::string paris =
      R"({"token":"Pa","logprob":-5E-1,"bytes":[80],"top_logprobs":[{"token":"Pa","logprob":-5E-1,"bytes":[80]}]},)"
      R"({"token":"ris","logprob":-5E-1,"bytes":[80],"top_logprobs":[{"token":"ris","logprob":-5E-1,"bytes":[80]}]})";
  EXPECT_EQ(json::serialize(last_response().at("output").at(1).at("content").at(0).at("logprobs")), "[" + paris + "]");
  EXPECT_EQ(told[10].at("type"), "response.output_text.delta");
  EXPECT_EQ(json::serialize(told[10].at("logprobs")), "[" + paris + "]");
}

TEST_F(Answering, AnErrorOfTheEngineEndsTheStream) {
  ask(R"({"input":"a","stream":true})");
  delta(R"({"content":"Par"})");
  read(translation->events(R"({"error":{"code":500,"message":"out of luck","type":"server_error"}})"));
  EXPECT_EQ(story(), "created in_progress output_item.added0 content_part.added0 output_text.delta0 error failed ");
  EXPECT_EQ(told[5].at("message"), "out of luck");
  EXPECT_EQ(told[5].at("code"), "network");
  EXPECT_TRUE(told[5].at("param").is_null());
  EXPECT_EQ(last_response().at("status"), "failed");
  EXPECT_EQ(json::serialize(last_response().at("error")), R"({"code":"server_error","message":"out of luck"})");
  EXPECT_EQ(translation->events(R"({"choices":[{"delta":{"content":"x"}}]})"), "");
  EXPECT_EQ(translation->finish(), "");
  EXPECT_EQ(translation->failure({Code::network, "again"}), "");
}

TEST_F(Answering, AFailureBeforeTheFirstWord) {
  ask(R"({"input":"a","stream":true,"model":"m"})");
  read(translation->failure(Error{Code::invalid, "too long", Hint::none, "input"}));
  EXPECT_EQ(story(), "created in_progress error failed ") << "clients want to be told what has failed";
  EXPECT_EQ(told[0].at("response").at("model"), "m");
  EXPECT_TRUE(told[0].at("response").at("created_at").is_int64());
  EXPECT_EQ(told[2].at("param"), "input");
}

TEST_F(Answering, AStreamThatStopsInItsMiddleHasFailed) {
  ask(R"({"input":"a","stream":true})");
  delta(R"({"content":"Par"})");
  read(translation->finish());
  EXPECT_EQ(told.back().at("type"), "response.failed");
}

TEST_F(Answering, WhatIsNotJsonFails) {
  for (const char* text : {"", "{", "[]", "5"}) {
    translation = make_responses_translation(nullptr, {});
    ask(R"({"input":"a","stream":true})");
    EXPECT_NE(translation->events(text).find("response.failed"), std::string::npos) << text;
  }
}

TEST_F(Answering, TheWholeAnswer) {
  ask(R"({"input":"a","top_logprobs":0,"include":["message.output_text.logprobs"]})");
  auto text = translation->whole(R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"demo",
      "choices":[{"index":0,"finish_reason":"tool_calls",
        "logprobs":{"content":[{"token":"hm","logprob":-1,"bytes":[],"top_logprobs":[]},
                               {"token":"Par","logprob":-1,"bytes":[],"top_logprobs":[]},
                               {"token":"is","logprob":-1,"bytes":[],"top_logprobs":[]},
                               {"token":"{}","logprob":-1,"bytes":[],"top_logprobs":[]}]},
        "message":{"role":"assistant","reasoning_content":"hm","content":"Paris",
          "tool_calls":[{"id":"c0","type":"function","function":{"name":"f","arguments":"{}"}},
                        {"id":"","type":"function","function":{"name":"g","arguments":""}}]}}],
      "usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8,
               "completion_tokens_details":{"reasoning_tokens":1}}})");
  ASSERT_TRUE(text) << text.error().message;
  const json::value response = json::parse(*text);
  const json::array& output = response.at("output").as_array();
  ASSERT_EQ(output.size(), 4U);
  EXPECT_EQ(output[0].at("type"), "reasoning");
  EXPECT_EQ(output[1].at("content").at(0).at("text"), "Paris");
  const json::array& logprobs = output[1].at("content").at(0).at("logprobs").as_array();
  ASSERT_EQ(logprobs.size(), 2U) << "those of the reasoning and of the calls are not the text's";
  EXPECT_EQ(logprobs[0].at("token"), "Par");
  EXPECT_EQ(output[2].at("call_id"), "c0");
  EXPECT_EQ(output[3].at("arguments"), "{}");
  EXPECT_NE(output[3].at("call_id"), "");
  EXPECT_EQ(response.at("status"), "completed");
  EXPECT_EQ(response.at("usage").at("output_tokens_details").at("reasoning_tokens"), 1);
  for (const char* field : {"id",
                            "object",
                            "created_at",
                            "completed_at",
                            "error",
                            "incomplete_details",
                            "instructions",
                            "metadata",
                            "model",
                            "parallel_tool_calls",
                            "temperature",
                            "tool_choice",
                            "tools",
                            "top_p",
                            "background",
                            "max_output_tokens",
                            "max_tool_calls",
                            "previous_response_id",
                            "prompt_cache_key",
                            "reasoning",
                            "safety_identifier",
                            "service_tier",
                            "store",
                            "text",
                            "top_logprobs",
                            "truncation",
                            "user"})
    EXPECT_TRUE(response.as_object().contains(field)) << field;
}

TEST_F(Answering, AWholeAnswerThatIsCut) {
  ask(R"({"input":"a"})");
  auto text = translation->whole(
      R"({"choices":[{"finish_reason":"length","message":{"role":"assistant","content":"","reasoning_content":"hm"}}]})");
  ASSERT_TRUE(text);
  const json::value response = json::parse(*text);
  EXPECT_EQ(response.at("status"), "incomplete");
  ASSERT_EQ(response.at("output").as_array().size(), 1U) << "it never came to say a word";
  EXPECT_EQ(response.at("output").at(0).at("type"), "reasoning");
  EXPECT_EQ(response.at("output").at(0).at("status"), "incomplete");
}

TEST_F(Answering, WhatIsNotACompletionIsNotAnAnswer) {
  for (const char* text : {"", "[]", "{}", R"({"choices":[]})", R"({"choices":[{"message":5}]})", R"({"choices":5})"}) {
    translation = make_responses_translation(nullptr, {});
    ask(R"({"input":"a"})");
    const auto answer = translation->whole(text);
    ASSERT_FALSE(answer) << text;
    EXPECT_EQ(answer.error().code, Code::network);
  }
}

}  // namespace
}  // namespace eai::api
