#include "api/responses_request.h"

#include <gtest/gtest.h>

#include "api/field_tables.h"
#include "api/json_tree.h"
#include "api/translation.h"

namespace eai::api {
namespace {

namespace json = boost::json;

struct Made {
  json::value body;  // empty if it was refused
  Ignored ignored;
  Error error;
};

// What the server does with a request before the checks of a chat request.
Made chat_of(const std::string& text) {
  Made out;
  auto tree = JsonTree::parse(text);
  EXPECT_TRUE(tree) << text;
  erase_nulls(tree->root());
  const std::array tables = {k_response_fields, k_sampling_fields};
  Result<void> made = check_fields(tree->root(), tables, out.ignored);
  if (made) made = make_responses_translation(nullptr, {})->to_chat(tree->root(), out.ignored);
  if (made) {
    out.body = json::value(json::value(tree->root()), json::storage_ptr());
  } else {
    out.error = made.error();
  }
  return out;
}

// The messages that an input becomes, as text.
std::string messages_of(const std::string& input) {
  Made made = chat_of(R"({"input":)" + input + "}");
  return made.body.is_null() ? made.error.about + ": " + made.error.message : json::serialize(made.body.at("messages"));
}

std::string about(const std::string& text) {
  Made made = chat_of(text);
  EXPECT_TRUE(made.body.is_null()) << text << " is taken";
  EXPECT_EQ(made.error.code, Code::invalid);
  EXPECT_EQ(made.error.message.find("llama"), std::string::npos);
  return made.error.about;
}

std::string about_item(const std::string& item) {
  return about(R"({"input":[{"role":"user","content":"a"},)" + item + "]}");
}

TEST(ResponsesRequest, ATextIsAUsersMessage) {
  EXPECT_EQ(messages_of(R"("Hello")"), R"([{"role":"user","content":"Hello"}])");
}

TEST(ResponsesRequest, InstructionsComeFirst) {
  EXPECT_EQ(json::serialize(chat_of(R"({"input":"a","instructions":"Be brief."})").body.at("messages")),
            R"([{"role":"system","content":"Be brief."},{"role":"user","content":"a"}])");
}

TEST(ResponsesRequest, MessagesNeedNoType) {
  const std::string chat = R"([{"role":"system","content":"s"},{"role":"user","content":"a"},)"
                           R"({"role":"assistant","content":"b"},{"role":"user","content":"c"}])";
  EXPECT_EQ(messages_of(R"([{"role":"developer","content":"s"},{"role":"user","content":"a"},
                            {"role":"assistant","content":"b"},{"role":"user","content":"c"}])"),
            chat);
  EXPECT_EQ(messages_of(R"([{"type":"message","role":"system","content":[{"type":"input_text","text":"s"}]},
                            {"role":"user","content":[{"type":"input_text","text":"a"}]},
                            {"role":"assistant","id":"msg_1","status":"completed","phase":null,
                             "content":[{"type":"output_text","text":"b","annotations":[],"logprobs":null}]},
                            {"role":"user","content":[{"type":"text","text":"c"}]}])"),
            chat);
  EXPECT_EQ(messages_of(R"([{"role":"system","content":"s"},{"role":"user","content":[{"text":"a"}]},
                            {"role":"assistant","content":[{"type":"refusal","refusal":"b"}]},
                            {"role":"user","content":"c"}])"),
            chat);
  EXPECT_EQ(messages_of(R"([{"role":"system","content":"s"},{"role":"user","content":"a"},
                            {"role":"assistant","content":[{"type":"input_text","text":"b"}]},
                            {"role":"user","content":"c"}])"),
            chat);
}

TEST(ResponsesRequest, AnAssistantMayHaveSaidNothing) {
  EXPECT_EQ(messages_of(R"([{"role":"assistant","content":null},{"role":"user","content":[]}])"),
            R"([{"role":"assistant","content":""},{"role":"user","content":""}])");
}

TEST(ResponsesRequest, Pictures) {
  const std::string chat =
      R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:x"}}]}])";
  for (const char* image : {R"("data:x")", R"({"url":"data:x"})"}) {
    EXPECT_EQ(messages_of(R"([{"role":"user","content":[{"type":"input_text","text":"a"},
                               {"type":"input_image","detail":"auto","image_url":)" +
                          std::string(image) + "}]}]"),
              chat);
  }
}

TEST(ResponsesRequest, WordsAndCallsAreOneTurn) {
  EXPECT_EQ(messages_of(R"([{"role":"user","content":"a"},
      {"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},
      {"type":"message","role":"assistant","content":[{"type":"output_text","text":"one"},{"type":"output_text","text":"two"}]},
      {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"x\":1}","status":"completed"},
      {"type":"function_call","call_id":"c2","name":"g","arguments":""},
      {"type":"function_call_output","call_id":"c1","output":"sunny"},
      {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"rain"}]},
      {"type":"function_call","call_id":"c3","name":"f"},
      {"call_id":"c3","output":[{"type":"input_image","image_url":"data:x"}]}])"),
            R"([{"role":"user","content":"a"},)"
            R"({"role":"assistant","content":"one\ntwo","reasoning_content":"hm","tool_calls":[)"
            R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},)"
            R"({"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]},)"
            R"({"role":"tool","tool_call_id":"c1","content":"sunny"},)"
            R"({"role":"tool","tool_call_id":"c2","content":"rain"},)"
            R"({"role":"assistant","content":"","tool_calls":[)"
            R"({"id":"c3","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
            R"({"role":"tool","tool_call_id":"c3","content":[{"type":"image_url","image_url":{"url":"data:x"}}]}])");
}

TEST(ResponsesRequest, ReasoningMayBeEmptyAndSummed) {
  EXPECT_EQ(messages_of(R"([{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"},
                            {"role":"assistant","content":"a"},
                            {"type":"reasoning","summary":[{"type":"summary_text","text":"unsaid"}]},
                            {"role":"user","content":"b"},
                            {"type":"reasoning","summary":[{"type":"summary_text","text":"x"},{"type":"summary_text","text":"y"}]},
                            {"role":"assistant","content":"c"}])"),
            R"([{"role":"assistant","content":"a","reasoning_content":"unsaid"},{"role":"user","content":"b"},)"
            R"({"role":"assistant","content":"c","reasoning_content":"x\ny"}])");
}

TEST(ResponsesRequest, WhatHostedToolsHaveDoneIsToldToBeIgnored) {
  Made made =
      chat_of(R"({"input":[{"role":"user","content":"a"},{"type":"web_search_call","id":"ws_1","status":"completed"},
                                    {"type":"mcp_call","id":"x"}],"include":["reasoning.encrypted_content"]})");
  EXPECT_EQ(made.ignored, (Ignored{"input[1]", "input[2]", "include[0]"}));
  EXPECT_EQ(json::serialize(made.body.at("messages")), R"([{"role":"user","content":"a"}])");
}

TEST(ResponsesRequest, ACustomCallIsACallWithOneArgument) {
  EXPECT_EQ(messages_of(R"([{"type":"custom_tool_call","call_id":"c","name":"f","input":"x"},
                            {"type":"custom_tool_call_output","call_id":"c","output":"y"}])"),
            R"([{"role":"assistant","content":"","tool_calls":[)"
            R"({"id":"c","type":"function","function":{"name":"f","arguments":"{\"input\":\"x\"}"}}]},)"
            R"({"role":"tool","tool_call_id":"c","content":"y"}])");
}

TEST(ResponsesRequest, FaultsNameTheirField) {
  EXPECT_EQ(about("{}"), "input");
  EXPECT_EQ(about(R"({"input":""})"), "input");
  EXPECT_EQ(about(R"({"input":[]})"), "input");
  EXPECT_EQ(about(R"({"input":{"role":"user"}})"), "input");
  EXPECT_EQ(about(R"({"input":["a"]})"), "input[0]");
  EXPECT_EQ(about_item("5"), "input[1]");
  EXPECT_EQ(about_item("{}"), "input[1].type");
  EXPECT_EQ(about_item(R"({"type":"wat"})"), "input[1].type");
  EXPECT_EQ(about_item(R"({"type":5,"role":"user"})"), "input[1].type");
  EXPECT_EQ(about_item(R"({"role":"tool","content":"a"})"), "input[1].role");
  EXPECT_EQ(about_item(R"({"type":"message","content":"a"})"), "input[1].role");
  EXPECT_EQ(about_item(R"({"role":"user"})"), "input[1].content");
  EXPECT_EQ(about_item(R"({"role":"user","content":5})"), "input[1].content");
  EXPECT_EQ(about_item(R"({"role":"user","content":["x"]})"), "input[1].content[0]");
  EXPECT_EQ(about_item(R"({"role":"user","content":[{"type":"wat","text":"x"}]})"), "input[1].content[0].type");
  EXPECT_EQ(about_item(R"({"role":"user","content":[{"type":"input_text"}]})"), "input[1].content[0].text");
  EXPECT_EQ(about_item(R"({"role":"user","content":[{"type":"input_text","text":5}]})"), "input[1].content[0].text");
  EXPECT_EQ(about_item(R"({"role":"user","content":[{"type":"input_image","file_id":"f"}]})"),
            "input[1].content[0].file_id");
  EXPECT_EQ(about_item(R"({"role":"user","content":[{"type":"input_image"}]})"), "input[1].content[0].image_url");
  EXPECT_EQ(about_item(R"({"role":"user","content":[{"type":"input_image","image_url":5}]})"),
            "input[1].content[0].image_url");
  EXPECT_EQ(about_item(R"({"role":"user","content":[{"type":"input_image","image_url":{}}]})"),
            "input[1].content[0].image_url.url");
  EXPECT_EQ(about_item(R"({"role":"user","content":[{"type":"input_file","file_id":"f"}]})"),
            "input[1].content[0].type");
  EXPECT_EQ(about_item(R"({"role":"user","content":[{"type":"input_audio","input_audio":{}}]})"),
            "input[1].content[0].type");
  EXPECT_EQ(about_item(R"({"role":"assistant","content":[{"type":"input_image","image_url":"data:x"}]})"),
            "input[1].content[0].type");
  EXPECT_EQ(about_item(R"({"role":"assistant","content":"","tool_calls":[]})"), "input[1].tool_calls");
  EXPECT_EQ(about_item(R"({"type":"function_call","name":"f","arguments":"{}"})"), "input[1].call_id");
  EXPECT_EQ(about_item(R"({"type":"function_call","call_id":"c","name":"","arguments":"{}"})"), "input[1].name");
  EXPECT_EQ(about_item(R"({"type":"function_call","call_id":"c","name":5})"), "input[1].name");
  for (const char* arguments : {R"("{\"a\":")", R"("[1]")", R"("5")", "5", "[]"}) {
    EXPECT_EQ(
        about_item(R"({"type":"function_call","call_id":"c","name":"f","arguments":)" + std::string(arguments) + "}"),
        "input[1].arguments")
        << arguments;
  }
  EXPECT_EQ(about_item(R"({"type":"function_call_output","output":"x"})"), "input[1].call_id");
  EXPECT_EQ(about_item(R"({"type":"function_call_output","call_id":"c"})"), "input[1].output");
  EXPECT_EQ(about_item(R"({"type":"function_call_output","call_id":"c","output":{"a":1}})"), "input[1].output");
  EXPECT_EQ(chat_of(R"({"input":[{"type":"item_reference","id":"msg_1"}]})").error.about, "input[0].id");
  EXPECT_EQ(about_item(R"({"type":"item_reference"})"), "input[1].id");
  EXPECT_EQ(about_item(R"({"type":"reasoning","summary":"x"})"), "input[1].summary");
  EXPECT_EQ(about_item(R"({"type":"reasoning","content":["x"]})"), "input[1].content[0]");
  EXPECT_EQ(about_item(R"({"type":"reasoning","content":[{}]})"), "input[1].content[0].text");
}

TEST(ResponsesRequest, FieldsTakeTheFormOfChat) {
  Made made = chat_of(
      R"({"model":"m","input":"a","max_output_tokens":7,"temperature":0,"top_p":0.5,"stream":true,"store":false,
          "metadata":{"a":"b"},"background":false,"truncation":"auto","chat_template_kwargs":{"x":1},"top_k":3,
          "reasoning":{"effort":"low","summary":"auto"},"text":{"format":{"type":"text"},"verbosity":"low"},
          "parallel_tool_calls":true,"user":"u","service_tier":"auto"})");
  ASSERT_TRUE(made.body.is_object()) << made.error.message;
  json::object body = made.body.get_object();
  body.erase("messages");
  EXPECT_EQ(body, (json::object{{"model", "m"},
                                {"max_tokens", 7},
                                {"temperature", 0},
                                {"top_p", 0.5},
                                {"stream", true},
                                {"stream_options", {{"include_usage", true}}},
                                {"chat_template_kwargs", {{"x", 1}}},
                                {"top_k", 3},
                                {"reasoning_effort", "low"}}));
  EXPECT_EQ(made.ignored, (Ignored{"user", "service_tier", "text.verbosity", "reasoning.summary", "truncation"}));
}

TEST(ResponsesRequest, TheTextsFormat) {
  EXPECT_EQ(chat_of(R"({"input":"a","text":{"format":{"type":"json_object"}}})").body.at("response_format"),
            (json::object{{"type", "json_object"}}));
  EXPECT_EQ(
      json::serialize(chat_of(R"({"input":"a","text":{"format":
                {"type":"json_schema","name":"x","strict":true,"schema":{"type":"object","default":null}}}})")
                          .body.at("response_format")),
      R"({"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"object","default":null}}})");
  EXPECT_EQ(about(R"({"input":"a","text":{"format":{"type":"xml"}}})"), "text.format.type");
  EXPECT_EQ(about(R"({"input":"a","text":{"format":"json"}})"), "text.format");
  EXPECT_EQ(about(R"({"input":"a","text":{"format":{"type":"json_schema","name":"x"}}})"), "text.format.schema");
  EXPECT_EQ(about(R"({"input":"a","reasoning":{"effort":"huge"}})"), "reasoning.effort");
  EXPECT_EQ(about(R"({"input":"a","background":true})"), "background");
}

TEST(ResponsesRequest, Logprobs) {
  for (const char* fields : {R"("include":["message.output_text.logprobs"],"top_logprobs":2)", R"("top_logprobs":2)"}) {
    Made made = chat_of(R"({"input":"a",)" + std::string(fields) + "}");
    EXPECT_EQ(made.body.at("logprobs"), true) << fields;
    EXPECT_EQ(made.body.at("top_logprobs"), 2);
  }
  EXPECT_FALSE(chat_of(R"({"input":"a","top_logprobs":0})").body.get_object().contains("top_logprobs"));
  EXPECT_EQ(about(R"({"input":"a","top_logprobs":50})"), "top_logprobs");
  EXPECT_EQ(about(R"({"input":"a","include":[5]})"), "include[0]");
}

constexpr const char* k_tools = R"("tools":[
  {"type":"function","name":"f","description":null,"parameters":{"type":"object"},"strict":null},
  {"type":"web_search"},{"type":"custom","name":"f"},
  {"type":"function","function":{"name":"g","description":"d","parameters":{}}}])";

TEST(ResponsesRequest, ToolsAreNested) {
  Made made = chat_of(R"({"input":"a","parallel_tool_calls":false,)" + std::string(k_tools) + "}");
  EXPECT_EQ(json::serialize(made.body.at("tools")),
            R"([{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},)"
            R"({"type":"function","function":{"name":"g","description":"d","parameters":{}}}])");
  EXPECT_EQ(made.body.at("parallel_tool_calls"), false);
  EXPECT_EQ(made.ignored, (Ignored{"tools[1]", "tools[2]"}));
  Made none = chat_of(R"({"input":"a","tool_choice":"auto","parallel_tool_calls":false,"tools":[{"type":"mcp"}]})");
  for (const char* field : {"tools", "tool_choice", "parallel_tool_calls"})
    EXPECT_FALSE(none.body.get_object().contains(field)) << field;
}

TEST(ResponsesRequest, AChoiceOfToolsLeavesThose) {
  const auto with = [](const std::string& choice) {
    return chat_of(R"({"input":"a",)" + std::string(k_tools) + R"(,"tool_choice":)" + choice + "}");
  };
  EXPECT_EQ(with(R"("required")").body.at("tool_choice"), "required");
  EXPECT_EQ(with(R"("none")").body.at("tool_choice"), "none");
  EXPECT_FALSE(with(R"("auto")").body.get_object().contains("tool_choice"));
  for (const char* choice :
       {R"({"type":"function","name":"g"})", R"({"type":"function","function":{"name":"g"}})",
        R"({"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"g"}]})"}) {
    Made made = with(choice);
    EXPECT_EQ(made.body.at("tool_choice"), "required") << choice;
    ASSERT_EQ(made.body.at("tools").as_array().size(), 1U);
    EXPECT_EQ(made.body.at("tools").at(0).at("function").at("name"), "g");
  }
  EXPECT_EQ(with(R"({"type":"allowed_tools","mode":"auto","tools":[{"type":"mcp"},{"type":"function","name":"f"}]})")
                .body.at("tools")
                .as_array()
                .size(),
            1U);
  EXPECT_EQ(with(R"({"type":"function","name":"nope"})").error.about, "tool_choice.name");
  EXPECT_EQ(with(R"({"type":"function"})").error.about, "tool_choice.name");
  EXPECT_EQ(with(R"({"type":"web_search"})").error.about, "tool_choice.type");
  EXPECT_EQ(with(R"("wat")").error.about, "tool_choice");
  EXPECT_EQ(with("5").error.about, "tool_choice");
  EXPECT_EQ(with(R"({"type":"allowed_tools","mode":"x","tools":[]})").error.about, "tool_choice.mode");
  EXPECT_EQ(about(R"({"input":"a","tool_choice":"required"})"), "tool_choice");
  EXPECT_EQ(about(R"({"input":"a","tool_choice":"required","tools":[{"type":"mcp"}]})"), "tool_choice");
}

TEST(ResponsesRequest, FaultsOfTools) {
  EXPECT_EQ(about(R"({"input":"a","tools":[5]})"), "tools[0]");
  EXPECT_EQ(about(R"({"input":"a","tools":[{"type":5,"name":"f"}]})"), "tools[0].type");
  EXPECT_EQ(about(R"({"input":"a","tools":[{"type":"function"}]})"), "tools[0].name");
  EXPECT_EQ(about(R"({"input":"a","tools":[{"type":"function","function":{}}]})"), "tools[0].function.name");
  EXPECT_EQ(about(R"({"input":"a","tools":[{"type":"function","function":5}]})"), "tools[0].function");
  EXPECT_EQ(about(R"({"input":"a","tools":[{"type":"function","name":"f","parameters":"x"}]})"), "tools[0].parameters");
  EXPECT_EQ(about(R"({"input":"a","tools":[{"type":"function","name":"f","description":5}]})"), "tools[0].description");
  EXPECT_EQ(about(R"({"input":"a","tools":[{"type":"function","name":"f","strict":"x"}]})"), "tools[0].strict");
}

TEST(ResponsesRequest, TheAnswerRepeatsTheRequest) {
  const json::object made = empty_response(
      json::parse(std::string(R"({"model":"m","instructions":"i","temperature":0.5,"metadata":{"a":"b"},"store":false,
          "tool_choice":{"type":"function","name":"g"},"text":{"format":{"type":"json_object"}},
          "reasoning":{"effort":"low"},"max_output_tokens":7,)") +
                  k_tools + "}")
          .as_object());
  EXPECT_EQ(std::string_view(made.at("id").as_string()).substr(0, 5), "resp_");
  EXPECT_EQ(made.at("id").as_string().size(), 5 + 32U);
  EXPECT_EQ(json::serialize(made.at("tools")),
            R"([{"type":"function","name":"f","description":null,"parameters":{"type":"object"},"strict":null},)"
            R"({"type":"function","name":"g","description":"d","parameters":{},"strict":null}])");
  EXPECT_EQ(json::serialize(made.at("tool_choice")), R"({"type":"function","name":"g"})");
  EXPECT_EQ(json::serialize(made.at("text")), R"({"format":{"type":"json_object"}})");
  EXPECT_EQ(json::serialize(made.at("reasoning")), R"({"effort":"low","summary":null})");
  EXPECT_EQ(json::serialize(made.at("metadata")), R"({"a":"b"})");
  EXPECT_EQ(made.at("max_output_tokens"), 7);
  EXPECT_EQ(made.at("store"), false);
}

}  // namespace
}  // namespace eai::api
