#include "api/engine_error.h"

#include <gtest/gtest.h>

namespace eai::api {
namespace {

EngineError told(int status, std::string_view message, bool asked_wrongly = true,
                 std::string_view type = "server_error") {
  return read_engine_error(
      status,
      R"({"error":{"code":500,"message":")" + std::string(message) + R"(","type":")" + std::string(type) + "\"}}",
      asked_wrongly);
}

TEST(EngineError, AnEngineThatIsWellWasAskedWrongly) {
  EXPECT_EQ(told(500, "anything at all").error.code, Code::invalid);
  EXPECT_EQ(told(500, "anything at all", false).error.code, Code::io) << "it is not well, or it took its time";
  EXPECT_EQ(told(400, "x", false).error.code, Code::invalid);
  EXPECT_EQ(told(501, "x", false).error.code, Code::invalid);
  EXPECT_EQ(told(503, "Loading model").error.code, Code::busy);
  EXPECT_EQ(read_engine_error(500, "nonsense", true).error.message, "the engine refused the request");
}

TEST(EngineError, NamesTheField) {
  const EngineError field = told(400, "Field 'n': Value must be between 1 <= value <= 4, but got 9");
  EXPECT_EQ(field.error.about, "n");
  EXPECT_EQ(field.error.message, "Value must be between 1 <= value <= 4, but got 9");
  EXPECT_EQ(told(400, "Field 'stop': [json.exception.type_error.302] type must be string, but is number").error.message,
            "type must be string, but is number");
}

TEST(EngineError, ATemplatesWordsAreEnough) {
  const EngineError one = told(
      400,
      R"(Unable to generate parser for this template. Automatic parser generation failed: \n------------\nWhile executing)"
      R"( CallExpression at line 1, column 56 in source:\n...1].role == 'system' %}{{ raise\n     ^\nError: Jinja Exce)"
      R"(ption: This template allows one system message, at the start.)");
  EXPECT_EQ(one.error.message,
            "the model's chat template does not allow these messages: This template allows one system message, at the "
            "start.");
  EXPECT_EQ(one.error.about, "messages");
  EXPECT_EQ(told(500, R"(\n---\nWhile executing X in source:\nabc\nError: Unknown filter 'x')").error.message,
            "the model's chat template does not allow these messages: Unknown filter 'x'");
}

TEST(EngineError, SaysItSoThatTheClientCanActOnIt) {
  EXPECT_EQ(told(500, "input (9001 tokens) is too large to process. increase the physical batch").error.message,
            "input (9001 tokens) is longer than the model takes at once");
  const auto rank = told(501, "This server does not support reranking. Start it with `--reranking`");
  EXPECT_EQ(rank.error.message.find("--reranking"), std::string::npos) << "nobody here can start it so";
  EXPECT_EQ(told(500, "audio input is not supported - hint: if this is unexpected, provide the mmproj").error.message,
            "audio input is not supported");
  const auto large = told(400, "request (5 tokens) exceeds the available context size (2 tokens), try increasing it",
                          false, "exceed_context_size_error");
  EXPECT_EQ(large.code, "context_length_exceeded");
  EXPECT_EQ(large.error.code, Code::invalid);
}

}  // namespace
}  // namespace eai::api
