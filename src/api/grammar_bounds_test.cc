#include "api/grammar_bounds.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace eai::api {
namespace {

namespace json = boost::json;

std::string grammar(std::string_view text) {
  const auto checked = check_grammar(text, "grammar");
  return checked ? "taken" : checked.error().message;
}

std::string schema(const std::string& text) {
  json::parse_options options;
  options.max_depth = 200;
  const auto checked = check_schema_size(json::parse(text, {}, options), "json_schema");
  return checked ? "taken" : checked.error().message;
}

std::string times(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(GrammarBounds, WhatPeopleWriteIsTaken) {
  EXPECT_EQ(grammar("root ::= \"yes\" | \"no\""), "taken");
  EXPECT_EQ(
      grammar("root ::= (expr \"=\" ws term \"\\n\")+\nexpr ::= term ([-+*/] term)*\nterm ::= num | \"(\" ws expr "
              "\")\" ws\nnum ::= [0-9]{1,16} # ((((\nws ::= [ \\t\\n]*"),
      "taken");
  EXPECT_EQ(grammar("root ::= \"((((((((((((((((((((((((((((((((((((((((\" [(((((((((((((((((((((((((((((((((((((]"),
            "taken");
  EXPECT_EQ(grammar("root ::= (\"a\"{0,100} \"b\"{2}){0,50}"), "taken");
}

TEST(GrammarBounds, NoGrammarNestsOrUnfoldsWithoutEnd) {
  EXPECT_NE(grammar("root ::= " + times("(", 20'000)).find("32 deep"), std::string::npos);
  EXPECT_NE(grammar("root ::= ((((((\"a\"){0,999}){0,999}){0,9}){0,9}){0,99}").find("unfolds"), std::string::npos);
  EXPECT_NE(grammar("root ::= \"a\"" + times("+", 50)).find("repeats a repetition"), std::string::npos);
  EXPECT_NE(grammar("root ::= \"a\"" + times(" +", 50)).find("repeats a repetition"), std::string::npos);
  EXPECT_NE(grammar("root ::= \"a\"{99999999999999999999}").find("unfolds"), std::string::npos);
  EXPECT_NE(grammar("root ::= \"a\"{ 4 , 30000 }").find("unfolds"), std::string::npos);
  EXPECT_NE(grammar("root ::= " + times("(\"a\" ", 30) + times(")+", 30)).find("unfolds"), std::string::npos);
  for (const char* cut : {"", "\"", "[", "(", ")", "{", "a{", "a{1", "\"\\", "[\\", "))))", "#"}) grammar(cut);
}

TEST(GrammarBounds, ASchemaIsOfASizeThatAnEngineCanUse) {
  EXPECT_EQ(
      schema(R"({"type":"object","properties":{"a":{"enum":["x","y"]},"b":{"type":"string","pattern":"^[a-z]{1,9}$"}},)"
             R"("required":["a"]})"),
      "taken");
  std::string deep = "{}", wide = "{\"properties\":{", choices = "{\"enum\":[", references = "{\"anyOf\":[";
  for (int i = 0; i < 40; ++i) deep = "{\"items\":" + deep + "}";
  for (int i = 0; i < 3000; ++i) {
    wide += (i > 0 ? ",\"p" : "\"p") + std::to_string(i) + "\":{}";
    choices += (i > 0 ? "," : "") + std::to_string(i);
    references += std::string(i > 0 ? "," : "") + R"({"$ref":"#/$defs/a"})";
  }
  EXPECT_NE(schema(deep).find("levels deep"), std::string::npos);
  EXPECT_NE(schema(wide + "}}").find("not required"), std::string::npos);
  EXPECT_NE(schema(choices + "]}").find("enums"), std::string::npos);
  EXPECT_NE(schema(references + "]}").find("references"), std::string::npos);
  EXPECT_NE(schema(R"({"type":"string","maxLength":100000})").find("maxLength"), std::string::npos);
  EXPECT_NE(schema("{\"pattern\":\"" + times("(", 400) + "\"}").find("deep"), std::string::npos);
  EXPECT_NE(schema("{\"pattern\":\"((a{999}){999}){999}\"}").find("unfolds"), std::string::npos);
  EXPECT_NE(schema(R"({"pattern":"\"((a{999}){999}){999}\""})").find("unfolds"), std::string::npos);
  EXPECT_EQ(schema(R"({"pattern":"^.+?#[a-z]*?\\($"})"), "taken");
  std::string many = "[0";
  for (int i = 0; i < 6000; ++i) many += ",0";
  EXPECT_NE(schema(many + "]").find("values"), std::string::npos);
}

}  // namespace
}  // namespace eai::api
