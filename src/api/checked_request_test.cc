#include "api/checked_request.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace eai::api {
namespace {

const Endpoint& endpoint(std::string_view path) {
  const auto all = endpoints();
  return *std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.path == path; });
}

// The body that an engine gets, or "<field>: <why>" of a refusal.
std::string asked(std::string_view path, std::string body) {
  auto request = check_request(endpoint(path), std::move(body));
  return request ? request->tree.text() : request.error().about + ": " + request.error().message;
}

// The field that a refusal is about, or "taken".
std::string refused(std::string_view path, std::string body) {
  auto request = check_request(endpoint(path), std::move(body));
  return request ? "taken" : request.error().about;
}

std::string chat(std::string_view fields) {
  return "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" + std::string(fields) + "}";
}
std::string refused_chat(std::string_view fields) { return refused("/v1/chat/completions", chat(fields)); }

std::string message(std::string_view json) { return "{\"messages\":[" + std::string(json) + "]}"; }
std::string refused_message(std::string_view json) { return refused("/v1/chat/completions", message(json)); }
std::string asked_message(std::string_view json) { return asked("/v1/chat/completions", message(json)); }

const std::string k_tool = R"({"type":"function","function":{"name":"f","parameters":{"default":null}}})";
const std::string k_other = R"({"type":"function","function":{"name":"g"}})";
const std::string k_tools = ",\"tools\":[" + k_tool + "," + k_other + "]";

TEST(CheckedRequest, ANullIsAsIfAbsent) {
  for (const char* field : {"model", "stream", "temperature", "stop", "tools", "tool_choice", "response_format", "seed",
                            "logit_bias", "max_tokens", "n", "user", "grammar", "no_such_field"}) {
    EXPECT_EQ(asked("/v1/chat/completions", chat(",\"" + std::string(field) + "\":null")), chat("")) << field;
  }
  EXPECT_EQ(asked_message(R"({"role":"assistant","content":null,"name":null,"tool_calls":[)"
                          R"({"id":null,"type":null,"function":{"name":"f","arguments":null}}]})"),
            message(R"({"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}"},)"
                    R"("type":"function"}],"content":""})"));
  const std::string described =
      R"(,"tools":[{"type":"function","function":{"name":"f","description":null,"parameters":null}}])";
  EXPECT_EQ(asked("/v1/chat/completions", chat(described)),
            chat(R"(,"tools":[{"type":"function","function":{"name":"f"}}])"));
  EXPECT_EQ(asked("/v1/chat/completions", chat(k_tools)), chat(k_tools)) << "a null inside a schema is data";
  EXPECT_EQ(asked("/v1/embeddings", R"({"input":"a","encoding_format":null,"dimensions":null})"), R"({"input":"a"})");
}

TEST(CheckedRequest, WhatHasNoEffectIsSaid) {
  auto request = check_request(endpoint("/v1/chat/completions"),
                               chat(",\"user\":\"u\",\"keep_alive\":5,\"seed\":1,\"store\":true" +
                                    std::string(R"(,"tools":[{"type":"web_search"}])")));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->ignored, (Ignored{"user", "keep_alive", "store", "tools[0]"}));
  EXPECT_EQ(request->tree.text(), chat(",\"seed\":1"));
}

TEST(CheckedRequest, AFieldOfTheWrongKindIsNamed) {
  for (const auto& [fields, about] : std::vector<std::pair<std::string, std::string>>{
           {R"(,"temperature":"0.5")", "temperature"},
           {R"(,"temperature":-1)", "temperature"},
           {R"(,"temperature":1e999)", "temperature"},
           {R"(,"top_p":2)", "top_p"},
           {R"(,"n":1.5)", "n"},
           {R"(,"n":0)", "n"},
           {R"(,"max_tokens":"5")", "max_tokens"},
           {R"(,"max_tokens":[])", "max_tokens"},
           {R"(,"stream":"true")", "stream"},
           {R"(,"stop":5)", "stop"},
           {R"(,"stop":["a",5])", "stop[1]"},
           {R"(,"stop":[""])", "stop[0]"},
           {R"(,"stop":"")", "stop[0]"},
           {R"(,"logit_bias":[1])", "logit_bias"},
           {R"(,"logit_bias":{"a":1})", "logit_bias"},
           {R"(,"logit_bias":{"1":"x"})", "logit_bias.1"},
           {R"(,"response_format":"json")", "response_format"},
           {R"(,"response_format":{})", "response_format.type"},
           {R"(,"response_format":{"type":"xml"})", "response_format.type"},
           {R"(,"response_format":{"type":"json_schema"})", "response_format.json_schema"},
           {R"(,"response_format":{"type":"json_schema","json_schema":{"name":"a"}})",
            "response_format.json_schema.schema"},
           {R"(,"response_format":{"type":"json_schema","json_schema":{"schema":"x"}})",
            "response_format.json_schema.schema"},
           {R"(,"stream_options":{"include_usage":1})", "stream_options.include_usage"},
           {R"(,"modalities":["text","audio"])", "modalities"},
           {R"(,"functions":[])", "functions"},
           {R"(,"audio":{})", "audio"},
           {R"(,"grammar":"root ::= \"a\"","json_schema":{})", "grammar"},
           {R"(,"model":7)", "model"},
           {R"(,"top_logprobs":1000)", "top_logprobs"}}) {
    EXPECT_EQ(refused_chat(fields), about) << fields;
  }
}

TEST(CheckedRequest, NumbersStayWithinWhatAnEngineCanHold) {
  EXPECT_EQ(asked("/v1/chat/completions", chat(R"(,"repeat_last_n":2147483647,"dry_penalty_last_n":134217728)")),
            chat(R"(,"repeat_last_n":131072,"dry_penalty_last_n":131072)"));
  EXPECT_EQ(asked("/v1/chat/completions", chat(R"(,"max_tokens":1099511627776)")), chat(R"(,"max_tokens":2147483647)"));
  EXPECT_EQ(asked("/v1/chat/completions", chat(R"(,"max_tokens":16.0)")), chat(R"(,"max_tokens":16)"));
  EXPECT_EQ(refused("/v1/embeddings", R"({"input":[1099511627776]})"), "input[0]");
  EXPECT_EQ(refused("/detokenize", R"({"tokens":[1,-1]})"), "tokens[1]");
}

TEST(CheckedRequest, ChecksEveryMessage) {
  EXPECT_EQ(refused("/v1/chat/completions", "{}"), "messages");
  EXPECT_EQ(refused("/v1/chat/completions", R"({"messages":"hi"})"), "messages");
  EXPECT_EQ(refused("/v1/chat/completions", R"({"messages":[]})"), "messages");
  for (const auto& [json, about] : std::vector<std::pair<std::string, std::string>>{
           {"null", "messages[0]"},
           {"\"hi\"", "messages[0]"},
           {R"({"content":"a"})", "messages[0].role"},
           {R"({"role":7,"content":"a"})", "messages[0].role"},
           {R"({"role":"user"})", "messages[0].content"},
           {R"({"role":"user","content":7})", "messages[0].content"},
           {R"({"role":"user","content":[null]})", "messages[0].content[0]"},
           {R"({"role":"user","content":[{"text":"a"}]})", "messages[0].content[0].type"},
           {R"({"role":"user","content":[{"type":"text"}]})", "messages[0].content[0].text"},
           {R"({"role":"user","content":[{"type":"file","file":{}}]})", "messages[0].content[0].type"},
           {R"({"role":"user","content":[{"type":"image_url"}]})", "messages[0].content[0].image_url"},
           {R"({"role":"user","content":[{"type":"image_url","image_url":{"url":null}}]})",
            "messages[0].content[0].image_url.url"},
           {R"({"role":"user","content":[{"type":"input_audio","input_audio":{"data":"http://x/a"}}]})",
            "messages[0].content[0].input_audio"},
           {R"({"role":"assistant","tool_calls":[null]})", "messages[0].tool_calls[0]"},
           {R"({"role":"assistant","tool_calls":{}})", "messages[0].tool_calls"},
           {R"({"role":"assistant","tool_calls":[{"id":7,"function":{"name":"f"}}]})", "messages[0].tool_calls[0].id"},
           {R"({"role":"assistant","tool_calls":[{"type":"custom"}]})", "messages[0].tool_calls[0].type"},
           {R"({"role":"assistant","tool_calls":[{"id":"a"}]})", "messages[0].tool_calls[0].function"},
           {R"({"role":"assistant","tool_calls":[{"function":{"arguments":"{}"}}]})",
            "messages[0].tool_calls[0].function.name"},
           {R"({"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{\"a"}}]})",
            "messages[0].tool_calls[0].function.arguments"},
           {R"({"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"[1]"}}]})",
            "messages[0].tool_calls[0].function.arguments"}}) {
    EXPECT_EQ(refused_message(json), about) << json;
  }
}

TEST(CheckedRequest, PutsWhatMeansTheSameIntoOneForm) {
  EXPECT_EQ(asked_message(R"({"role":"developer","content":"a"})"), message(R"({"role":"system","content":"a"})"));
  EXPECT_EQ(asked_message(R"({"role":"function","name":"f","content":"a"})"),
            message(R"({"role":"tool","name":"f","content":"a"})"));
  EXPECT_EQ(asked_message(R"({"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":" "}}]})"),
            message(R"({"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}"},)"
                    R"("type":"function"}],"content":""})"));
  EXPECT_EQ(asked_message(R"({"role":"assistant","function_call":{"name":"f","arguments":{"a":null}}})"),
            message(R"({"role":"assistant","tool_calls":[{"type":"function","function":{"name":"f",)"
                    R"("arguments":"{\"a\":null}"}}],"content":""})"));
  EXPECT_EQ(asked_message(R"({"role":"assistant","content":[{"type":"refusal","refusal":"no"},{"type":"output_text",)"
                          R"("text":"a"}]})"),
            message(R"({"role":"assistant","content":[{"type":"text","text":"no"},{"type":"text","text":"a"}]})"));
  EXPECT_EQ(asked("/v1/chat/completions", chat(R"(,"stop":"a","repetition_penalty":1)")),
            chat(R"(,"stop":["a"],"repeat_penalty":1)"));
}

TEST(CheckedRequest, KnowsItsPictures) {
  auto request = check_request(
      endpoint("/v1/chat/completions"),
      message(R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":"data:a"},)"
              R"({"type":"image_url","image_url":{"url":"http://b","detail":"low"}}]})"));
  ASSERT_TRUE(request) << request.error().message;
  ASSERT_EQ(request->chat.pictures.size(), 2u);
  EXPECT_EQ(request->chat.pictures[0].path, "messages[0].content[1].image_url");
  EXPECT_EQ(*request->chat.pictures[0].at, "data:a");
  *request->chat.pictures[1].at = "data:b";
  EXPECT_EQ(request->tree.text(),
            message(R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":)"
                    R"({"url":"data:a"}},{"type":"image_url","image_url":{"url":"data:b","detail":"low"}}]})"));
}

TEST(CheckedRequest, AChoiceOfToolsLeavesOnlyThose) {
  const std::string path = "/v1/chat/completions";
  const std::string only_g = chat(",\"tools\":[" + k_other + "],\"tool_choice\":\"required\"");
  EXPECT_EQ(asked(path, chat(k_tools + R"(,"tool_choice":{"type":"function","function":{"name":"g"}})")), only_g);
  EXPECT_EQ(asked(path, chat(k_tools + R"(,"tool_choice":{"type":"function","name":"g"})")), only_g);
  EXPECT_EQ(asked(path, chat(k_tools + R"(,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required",)"
                                       R"("tools":[{"type":"function","function":{"name":"g"}}]}})")),
            only_g);
  EXPECT_EQ(asked(path, chat(k_tools + R"(,"tool_choice":"any")")), chat(k_tools + R"(,"tool_choice":"required")"));
  EXPECT_EQ(asked(path, chat(k_tools + R"(,"tool_choice":"auto")")), chat(k_tools));
  for (const char* choice :
       {"\"nonsense\"", "7", "{}", R"({"type":"function","function":{"name":"h"}})", R"({"type":"allowed_tools"})"}) {
    EXPECT_EQ(refused_chat(k_tools + ",\"tool_choice\":" + choice).substr(0, 11), "tool_choice") << choice;
  }
  EXPECT_EQ(refused_chat(R"(,"tool_choice":"required")"), "tool_choice") << "there are no tools";
  EXPECT_EQ(refused_chat(R"(,"tools":[{"type":"function","name":"f"}])"), "tools[0].function");
  EXPECT_EQ(refused_chat(R"(,"tools":[{"type":"function","function":{"name":""}}])"), "tools[0].function.name");
  EXPECT_EQ(refused_chat(R"(,"tools":{})"), "tools");
}

TEST(CheckedRequest, AListOfTextsIsOfOneKind) {
  for (const char* good : {R"("a")", R"(["a","b"])", "[1,2]", "[[1],[2,3]]"}) {
    EXPECT_EQ(refused("/v1/embeddings", "{\"input\":" + std::string(good) + "}"), "taken") << good;
  }
  for (const auto& [input, about] : std::vector<std::pair<std::string, std::string>>{{"[]", "input"},
                                                                                     {"[null]", "input[0]"},
                                                                                     {"7", "input"},
                                                                                     {"{}", "input"},
                                                                                     {R"(["one",7])", "input[1]"},
                                                                                     {R"([7,"one"])", "input[1]"},
                                                                                     {R"(["a",[1]])", "input[1]"},
                                                                                     {"[[1],[]]", "input[1]"},
                                                                                     {"[[1],[\"a\"]]", "input[1][0]"},
                                                                                     {"[1.5]", "input[0]"},
                                                                                     {"[-1]", "input[0]"}}) {
    EXPECT_EQ(refused("/v1/embeddings", "{\"input\":" + input + "}"), about) << input;
  }
  EXPECT_EQ(refused("/v1/embeddings", "{}"), "input");
  EXPECT_EQ(refused("/v1/embeddings", R"({"input":"a","encoding_format":"int8"})"), "encoding_format");
  EXPECT_EQ(refused("/v1/embeddings", R"({"input":"a","dimensions":0})"), "dimensions");
  EXPECT_EQ(refused("/v1/completions", R"({"prompt":["a",7]})"), "taken") << "llama.cpp's own";
  EXPECT_EQ(refused("/v1/completions", R"({"prompt":{"prompt_string":"a"}})"), "prompt");
  EXPECT_EQ(refused("/v1/completions", R"({"prompt":"a","suffix":"b"})"), "suffix");
  EXPECT_EQ(refused("/v1/rerank", R"({"query":"a","documents":["a",{"text":"b"}]})"), "taken");
  EXPECT_EQ(refused("/v1/rerank", R"({"query":"a","documents":["a",7]})"), "documents[1]");
  EXPECT_EQ(refused("/infill", R"({"input_prefix":"a"})"), "input_suffix");
  const auto texts = [](std::size_t count, const std::string& text) {
    std::string list = text;
    for (std::size_t i = 1; i < count; ++i) list += "," + text;
    return "[" + list + "]";
  };
  for (const std::string text : {"\"x\"", "[1]"}) {
    EXPECT_EQ(refused("/v1/embeddings", "{\"input\":" + texts(2048, text) + "}"), "taken");
    EXPECT_EQ(refused("/v1/embeddings", "{\"input\":" + texts(2049, text) + "}"), "input");
    EXPECT_EQ(refused("/v1/completions", "{\"prompt\":" + texts(2049, text) + "}"), "prompt");
  }
  EXPECT_EQ(refused("/v1/embeddings", "{\"input\":" + texts(8000, "7") + "}"), "taken") << "the tokens of one text";
  EXPECT_EQ(refused("/v1/rerank", "{\"query\":\"x\",\"documents\":" + texts(2049, "\"x\"") + "}"), "documents");
}

}  // namespace
}  // namespace eai::api
