#include "api/messages_request.h"

#include <gtest/gtest.h>

#include "api/json_tree.h"

namespace eai::api {
namespace {

namespace json = boost::json;

struct Converted {
  json::value chat;  // null if it was refused
  Error error;
  Ignored ignored;
  Origins origins;
  MessagesAsked asked;
};

Converted convert(std::string body, MessagesFor what = MessagesFor::an_answer) {
  Converted out;
  auto tree = JsonTree::parse(std::move(body));
  EXPECT_TRUE(tree) << tree.error().message;
  erase_nulls(tree->root());
  auto asked = messages_to_chat(tree->root(), what, out.ignored, out.origins);
  if (asked) {
    out.asked = *std::move(asked);
    out.chat = json::parse(tree->text());
  } else {
    out.error = std::move(asked).error();
    EXPECT_EQ(out.error.code, Code::invalid);
  }
  return out;
}

// A request of which all but these fields is right.
std::string request(std::string_view fields, std::string_view messages = R"([{"role":"user","content":"Hi"}])") {
  return R"({"max_tokens":9,"messages":)" + std::string(messages) + (fields.empty() ? "" : ",") + std::string(fields) +
         "}";
}

// The chat's messages for Anthropic's.
json::value messages(std::string_view given) {
  Converted out = convert(request("", given));
  EXPECT_EQ(out.error.message, "") << given;
  return out.chat.is_object() ? out.chat.at("messages") : nullptr;
}
// The same for the blocks of a user's message.
json::value content(std::string_view blocks) {
  const json::value chat = messages(R"([{"role":"user","content":)" + std::string(blocks) + "}]");
  return chat.is_array() ? chat.at(0).at("content") : nullptr;
}
std::string refused(std::string_view body) {
  Converted out = convert(std::string(body));
  EXPECT_TRUE(out.chat.is_null()) << body;
  EXPECT_FALSE(out.error.message.empty());
  return out.error.about;
}
std::string refused_block(std::string_view block, std::string_view role = "user") {
  return refused(request("", R"([{"role":")" + std::string(role) + R"(","content":[)" + std::string(block) +
                                 R"(]},{"role":"user","content":"Hi"}])"));
}

constexpr std::string_view k_tool = R"({"name":"look","description":"d","input_schema":{"type":"object"}})";
std::string tools(std::string_view list) { return R"("tools":[)" + std::string(list) + "]"; }

TEST(MessagesRequest, TextsStayTexts) {
  EXPECT_EQ(messages(R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"}])"),
            json::parse(R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"}])"));
  EXPECT_EQ(content(R"([{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}])"),
            json::value("a\nb"));
  EXPECT_EQ(messages(R"([{"role":"user","content":"a"},{"role":"user","content":"b"}])"),
            json::parse(R"([{"role":"user","content":"a\nb"}])"));
  EXPECT_EQ(messages(R"([{"role":"user","content":"a"},{"role":"assistant","content":[]}])").at(1).at("content"),
            json::value(""));
}

TEST(MessagesRequest, AnAssistantsLastMessageIsContinued) {
  Converted out = convert(request("", R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"}])"));
  EXPECT_EQ(out.asked.prefill, "b");
  EXPECT_EQ(out.chat.at("continue_final_message"), true);
  EXPECT_EQ(out.chat.at("add_generation_prompt"), false);
  out = convert(request(""));
  EXPECT_EQ(out.asked.prefill, "");
  EXPECT_FALSE(out.chat.as_object().contains("continue_final_message"));
}

TEST(MessagesRequest, TheSystemPromptComesFirst) {
  Converted out = convert(request(R"("system":[{"type":"text","text":"a"},{"type":"text","text":"b"}])"));
  EXPECT_EQ(out.chat.at("messages").at(0), json::parse(R"({"role":"system","content":"a\nb"})"));
  EXPECT_FALSE(out.chat.as_object().contains("system"));
  EXPECT_EQ(convert(request(R"("system":"")")).chat.at("messages").as_array().size(), 1U);
  EXPECT_EQ(convert(request(R"("system":[])")).chat.at("messages").as_array().size(), 1U);
  EXPECT_EQ(messages(R"([{"role":"user","content":"a"},{"role":"system","content":"s"}])").at(1).at("role"), "system");
  EXPECT_EQ(refused(request(R"("system":5)")), "system");
  EXPECT_EQ(refused(request(R"("system":[{"type":"image"}])")), "system[0].type");
  EXPECT_EQ(refused(request(R"("system":["x"])")), "system[0]");
}

TEST(MessagesRequest, ALineForAnthropicsServersIsLeftOut) {
  Converted out = convert(
      request(R"("system":[{"type":"text","text":"x-anthropic-billing-header: cch=1;"},{"type":"text","text":"b"}])"));
  EXPECT_EQ(out.chat.at("messages").at(0).at("content"), "b");
  EXPECT_EQ(out.ignored, Ignored{"x-anthropic-billing-header"});
  out = convert(request(R"("system":"x-anthropic-billing-header: cch=1;\nb")"));
  EXPECT_EQ(out.chat.at("messages").at(0).at("content"), "b");
}

TEST(MessagesRequest, PicturesBecomeAddresses) {
  EXPECT_EQ(content(R"([{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},
                        {"type":"image","source":{"type":"url","url":"http://x/y.png"}},{"type":"text","text":"?"}])"),
            json::parse(R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},
                            {"type":"image_url","image_url":{"url":"http://x/y.png"}},{"type":"text","text":"?"}])"));
  const std::string source = "messages[0].content[0].source";
  EXPECT_EQ(refused_block(R"({"type":"image"})"), source);
  EXPECT_EQ(refused_block(R"({"type":"image","source":{"type":"file","file_id":"x"}})"), source + ".type");
  EXPECT_EQ(refused_block(R"({"type":"image","source":{"type":"base64"}})"), source + ".data");
  EXPECT_EQ(refused_block(R"({"type":"image","source":{"type":"url","url":5}})"), source + ".url");
  for (const std::string_view type : {"image/png;x,", "text/plain", "image/ä", "image/p\\\"g"}) {
    EXPECT_EQ(refused_block(R"({"type":"image","source":{"type":"base64","data":"","media_type":")" +
                            std::string(type) + R"("}})"),
              source + ".media_type");
  }
  EXPECT_EQ(refused_block(R"({"type":"image","source":{"type":"url","url":"http://x"}})", "assistant"),
            "messages[0].content[0].type");
}

TEST(MessagesRequest, DocumentsAndSearchResultsAreRead) {
  EXPECT_EQ(content(R"([{"type":"document","title":"T","context":"C","source":
                         {"type":"text","media_type":"text/plain","data":"words"}}])"),
            "Title: T\nContext: C\n\nwords");
  EXPECT_EQ(content(R"([{"type":"document","source":{"type":"content","content":[{"type":"text","text":"w"}]}}])"),
            "w");
  EXPECT_EQ(content(R"([{"type":"document","source":{"type":"content","content":"w"}}])"), "w");
  EXPECT_EQ(content(R"([{"type":"search_result","title":"T","source":"S","content":[{"type":"text","text":"w"}]}])"),
            "Title: T\nSource: S\n\nw");
  const std::string type = "messages[0].content[0].source.type";
  EXPECT_EQ(refused_block(R"({"type":"document","source":{"type":"base64","media_type":"application/pdf"}})"), type);
  EXPECT_EQ(refused_block(R"({"type":"document","source":{"type":"url","url":"http://x"}})"), type);
  EXPECT_EQ(refused_block(R"({"type":"document","source":{"type":"file","file_id":"x"}})"), type);
  EXPECT_EQ(refused_block(R"({"type":"document"})"), "messages[0].content[0].source");
  EXPECT_EQ(refused_block(R"({"type":"search_result","title":"T","source":"S","content":"w"})"),
            "messages[0].content[0].content");
  Converted out = convert(request("", R"([{"role":"user","content":[{"type":"document","citations":{"enabled":true},
                                         "source":{"type":"text","data":"w"}}]}])"));
  EXPECT_EQ(out.ignored, Ignored{"citations"});
}

TEST(MessagesRequest, ToolsAreCalledAndAnswerBeforeTheUserGoesOn) {
  const json::value chat = messages(R"([
    {"role":"user","content":"?"},
    {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":""},
      {"type":"redacted_thinking","data":"x"},{"type":"text","text":"Let me see"},
      {"type":"tool_use","id":"t1","name":"look","input":{"at":null}},
      {"type":"tool_use","id":"t2","name":"look","input":{}}]},
    {"role":"user","content":[{"type":"text","text":"and?"},
      {"type":"tool_result","tool_use_id":"t1","content":"sun"},{"type":"tool_result","tool_use_id":"t2"}]}])");
  EXPECT_EQ(chat.at(1),
            json::parse(R"({"role":"assistant","content":"Let me see","reasoning_content":"hm","tool_calls":[
      {"id":"t1","type":"function","function":{"name":"look","arguments":"{\"at\":null}"}},
      {"id":"t2","type":"function","function":{"name":"look","arguments":"{}"}}]})"));
  EXPECT_EQ(chat.at(2), json::parse(R"({"role":"tool","tool_call_id":"t1","content":"sun"})"));
  EXPECT_EQ(chat.at(3), json::parse(R"({"role":"tool","tool_call_id":"t2","content":""})"));
  EXPECT_EQ(chat.at(4), json::parse(R"({"role":"user","content":"and?"})"));
}

TEST(MessagesRequest, AToolsResultIsTextOrPictures) {
  auto result = [](std::string_view content) {
    return messages(R"([{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":)" +
                    std::string(content) + "}]}]")
        .at(0)
        .at("content");
  };
  EXPECT_EQ(result(R"([{"type":"text","text":"a"},{"type":"document","source":{"type":"text","data":"b"}}])"), "a\nb");
  EXPECT_EQ(result("[]"), "");
  EXPECT_EQ(result("null"), "");
  EXPECT_EQ(result(R"([{"type":"image","source":{"type":"url","url":"u"}}])").at(0).at("type"), "image_url");
  Converted out =
      convert(request("", R"([{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true}]}])"));
  EXPECT_EQ(out.ignored, Ignored{"is_error"});
  const std::string block = "messages[0].content[0]";
  EXPECT_EQ(refused_block(R"({"type":"tool_result","content":"x"})"), block + ".tool_use_id");
  EXPECT_EQ(refused_block(R"({"type":"tool_result","tool_use_id":"t","content":5})"), block + ".content");
  EXPECT_EQ(refused_block(R"({"type":"tool_result","tool_use_id":"t","content":[{"type":"wat"}]})"),
            block + ".content[0].type");
}

TEST(MessagesRequest, WhatIsNotABlockIsRefusedByItsName) {
  const std::string block = "messages[0].content[0]";
  for (const std::string_view bad : {"null", "5", "\"x\"", "[]"}) EXPECT_EQ(refused_block(bad), block);
  for (const std::string_view bad : {"{}", R"({"type":null})", R"({"type":"wat"})", R"({"type":5})"})
    EXPECT_EQ(refused_block(bad), block + ".type");
  EXPECT_EQ(refused_block(R"({"type":"text","text":null})"), block + ".text");
  EXPECT_EQ(refused_block(R"({"type":"tool_use","id":"t","name":"n","input":{}})"), block + ".type");
  EXPECT_EQ(refused_block(R"({"type":"tool_result","tool_use_id":"t"})", "assistant"), block + ".type");
  EXPECT_EQ(refused_block(R"({"type":"tool_use","id":"t","name":"n","input":"x"})", "assistant"), block + ".input");
  EXPECT_EQ(refused_block(R"({"type":"tool_use","name":"n","input":{}})", "assistant"), block + ".id");
  EXPECT_EQ(refused_block(R"({"type":"tool_use","id":"t","input":{}})", "assistant"), block + ".name");
}

TEST(MessagesRequest, WhatIsNotAMessageIsRefusedByItsName) {
  EXPECT_EQ(refused(R"({"max_tokens":1})"), "messages");
  EXPECT_EQ(refused(request("", "[]")), "messages");
  EXPECT_EQ(refused(request("", "[null]")), "messages[0]");
  EXPECT_EQ(refused(request("", R"([{"content":"x"}])")), "messages[0].role");
  EXPECT_EQ(refused(request("", R"([{"role":"bot","content":"x"}])")), "messages[0].role");
  EXPECT_EQ(refused(request("", R"([{"role":"user"}])")), "messages[0].content");
  EXPECT_EQ(refused(request("", R"([{"role":"user","content":[]}])")), "messages[0].content");
  EXPECT_EQ(refused(request("", R"([{"role":"user","content":{}}])")), "messages[0].content");
  EXPECT_EQ(refused(request("", R"([{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n"}]}])")),
            "messages[0].content");
}

TEST(MessagesRequest, WhatAnthropicsServersHaveDoneIsNoted) {
  Converted out = convert(request("", R"([{"role":"user","content":"?"},{"role":"assistant","content":[
      {"type":"server_tool_use","id":"s","name":"web_search","input":{}},
      {"type":"web_search_tool_result","tool_use_id":"s","content":[]},{"type":"text","text":"a"}]},
      {"role":"user","content":"b"}])"));
  EXPECT_EQ(out.ignored, (Ignored{"messages[1].content[0]", "messages[1].content[1]"}));
  EXPECT_EQ(out.chat.at("messages").at(1).at("content"), "a");
}

TEST(MessagesRequest, ToolsAreFunctions) {
  Converted out = convert(request(tools(std::string(k_tool) + R"(,{"type":"bash_20250124","name":"bash"})")));
  EXPECT_EQ(out.chat.at("tools"), json::parse(R"([{"type":"function","function":
      {"name":"look","description":"d","parameters":{"type":"object"}}}])"));
  EXPECT_EQ(out.ignored, Ignored{"tools[1]"});
  out = convert(request(tools(R"({"type":"web_search_20250305","name":"web_search"})")));
  EXPECT_FALSE(out.chat.as_object().contains("tools"));
  EXPECT_EQ(refused(request(R"("tools":{})")), "tools");
  EXPECT_EQ(refused(request(tools("5"))), "tools[0]");
  EXPECT_EQ(refused(request(tools(R"({"name":"x"})"))), "tools[0].input_schema");
  EXPECT_EQ(refused(request(tools(R"({"name":"x","input_schema":[]})"))), "tools[0].input_schema");
  EXPECT_EQ(refused(request(tools(R"({"input_schema":{}})"))), "tools[0].name");
  EXPECT_EQ(refused(request(tools(R"({"name":"x","input_schema":{},"description":5})"))), "tools[0].description");
  EXPECT_EQ(refused(request(tools(R"({"type":"function","function":{"name":"x"}})"))), "tools[0].type");
}

TEST(MessagesRequest, AChoiceOfToolsIsTheChats) {
  auto choice = [](std::string_view given) {
    return convert(request(tools(k_tool) + R"(,"tool_choice":)" + std::string(given))).chat;
  };
  EXPECT_EQ(choice(R"({"type":"auto"})").at("tool_choice"), "auto");
  EXPECT_EQ(choice(R"({"type":"none"})").at("tool_choice"), "none");
  EXPECT_EQ(choice(R"({"type":"any"})").at("tool_choice"), "required");
  EXPECT_EQ(choice(R"({"type":"tool","name":"look"})").at("tool_choice"),
            json::parse(R"({"type":"function","function":{"name":"look"}})"));
  EXPECT_EQ(choice(R"({"type":"auto","disable_parallel_tool_use":true})").at("parallel_tool_calls"), false);
  const std::string with = tools(k_tool) + R"(,"tool_choice":)";
  EXPECT_EQ(refused(request(with + R"("any")")), "tool_choice");
  EXPECT_EQ(refused(request(with + R"({"type":"x"})")), "tool_choice.type");
  EXPECT_EQ(refused(request(with + "{}")), "tool_choice.type");
  EXPECT_EQ(refused(request(with + R"({"type":"tool","name":"nope"})")), "tool_choice.name");
  EXPECT_EQ(refused(request(with + R"({"type":"tool"})")), "tool_choice.name");
  EXPECT_EQ(refused(request(R"("tool_choice":{"type":"any"})")), "tool_choice");
  EXPECT_EQ(refused(request(tools(R"({"type":"bash_20250124","name":"bash"})") +
                            R"(,"tool_choice":{"type":"tool","name":"bash"})")),
            "tool_choice.name");
}

TEST(MessagesRequest, ThinkingHasItsBudget) {
  json::value chat = convert(request(R"("thinking":{"type":"enabled","budget_tokens":2048})")).chat;
  EXPECT_EQ(chat.at("thinking_budget_tokens"), 2048);
  EXPECT_EQ(chat.at("chat_template_kwargs").at("enable_thinking"), true);
  chat = convert(request(R"("thinking":{"type":"disabled"},"chat_template_kwargs":{"a":1})")).chat;
  EXPECT_EQ(chat.at("chat_template_kwargs"), json::parse(R"({"a":1,"enable_thinking":false})"));
  chat = convert(request(R"("thinking":{"type":"disabled"},"chat_template_kwargs":{"enable_thinking":true})")).chat;
  EXPECT_EQ(chat.at("chat_template_kwargs").at("enable_thinking"), true) << "what the client says itself stands";
  chat = convert(request(R"("thinking":{"type":"adaptive"})")).chat;
  EXPECT_FALSE(chat.as_object().contains("thinking"));
  EXPECT_FALSE(chat.as_object().contains("chat_template_kwargs"));
  EXPECT_EQ(refused(request(R"("thinking":{"type":"x"})")), "thinking.type");
  for (const std::string_view bad : {"0", "-1", "1.5", "\"5\"", "[]"}) {
    EXPECT_EQ(refused(request(R"("thinking":{"type":"enabled","budget_tokens":)" + std::string(bad) + "}")),
              "thinking.budget_tokens");
  }
}

TEST(MessagesRequest, AnOutputsFormatIsASchema) {
  const std::string format = R"({"type":"json_schema","schema":{"type":"object"}})";
  const json::value wanted =
      json::parse(R"({"type":"json_schema","json_schema":{"name":"output","strict":true,"schema":{"type":"object"}}})");
  json::value chat = convert(request(R"("output_config":{"effort":"max","format":)" + format + "}")).chat;
  EXPECT_EQ(chat.at("response_format"), wanted);
  EXPECT_EQ(chat.at("reasoning_effort"), "high");
  EXPECT_FALSE(chat.as_object().contains("output_config"));
  EXPECT_EQ(convert(request(R"("output_format":)" + format)).chat.at("response_format"), wanted);
  EXPECT_EQ(convert(request(R"("output_config":{"task_budget":{}})")).ignored, Ignored{"output_config.task_budget"});
  EXPECT_EQ(refused(request(R"("output_config":{"effort":"huge"})")), "output_config.effort");
  EXPECT_EQ(refused(request(R"("output_config":{"format":{"type":"xml"}})")), "output_config.format.type");
  EXPECT_EQ(refused(request(R"("output_format":{"type":"json_schema"})")), "output_format.schema");
}

TEST(MessagesRequest, AnAnswerHasAnEnd) {
  Converted out = convert(request(R"("stop_sequences":["a","b"])"));
  EXPECT_EQ(out.asked.stops, (StopSequences{"a", "b"}));
  EXPECT_EQ(out.chat.at("stop"), json::parse(R"(["a","b"])"));
  EXPECT_EQ(out.chat.at("verbose"), true);
  EXPECT_EQ(out.chat.at("response_fields"), json::parse(R"(["stopping_word"])"));
  out = convert(request(R"("stop_sequences":[])"));
  EXPECT_FALSE(out.chat.as_object().contains("stop"));
  EXPECT_FALSE(out.chat.as_object().contains("verbose"));
  EXPECT_EQ(refused(request(R"("stop_sequences":"a")")), "stop_sequences");
  EXPECT_EQ(refused(request(R"("stop_sequences":["a",""])")), "stop_sequences[1]");
  EXPECT_EQ(refused(R"({"messages":[{"role":"user","content":"x"}]})"), "max_tokens");
}

TEST(MessagesRequest, AStreamTellsItsCounts) {
  const json::value chat = convert(request(R"("stream":true)")).chat;
  EXPECT_EQ(chat.at("stream_options").at("include_usage"), true);
  EXPECT_EQ(chat.at("return_progress"), true);
  EXPECT_FALSE(convert(request(R"("stream":false)")).chat.as_object().contains("stream_options"));
}

TEST(MessagesRequest, ACountNeedsNoAnswer) {
  Converted out = convert(R"({"messages":[{"role":"user","content":"x"}],"system":"s","stop_sequences":["a"]})",
                          MessagesFor::a_count);
  EXPECT_EQ(out.chat, json::parse(R"({"messages":[{"role":"system","content":"s"},{"role":"user","content":"x"}]})"));
}

}  // namespace
}  // namespace eai::api
