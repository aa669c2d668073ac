#include "util/toml_edit.h"

#include <gtest/gtest.h>

namespace eai {
namespace {

const TomlPath k_port{"server", "port"};

std::string with(std::string_view text, std::string_view literal, const TomlPath& path = k_port) {
  const auto out = with_toml_value(text, path, literal);
  return out ? *out : "error: " + out.error().message;
}
std::string without(std::string_view text, const TomlPath& path = k_port) {
  const auto out = without_toml_value(text, path);
  return out ? *out : "error: " + out.error().message;
}

TEST(TomlEdit, AValueIsReplacedWhereItStands) {
  EXPECT_EQ(with("# mine\n[server]\nport   =  1   # the old one\nhost = \"x\"\n", "2"),
            "# mine\n[server]\nport   =  2   # the old one\nhost = \"x\"\n");
  EXPECT_EQ(with("server.port = 1\n", "2"), "server.port = 2\n");
  EXPECT_EQ(with("[server]\nport = 1", "2"), "[server]\nport = 2");
  EXPECT_EQ(with("server = { port = 1, host = \"ü\" }\n", "2"), "server = { port = 2, host = \"ü\" }\n");
  EXPECT_EQ(with("server = { host = \"ünïcödé\", port = 1 } # ü\n", "2"),
            "server = { host = \"ünïcödé\", port = 2 } # ü\n");
  EXPECT_EQ(with("[server]\nport = [\n  \"a\", # one\n  \"b\",\n]\nhost = \"x\"\n", "[\"c\"]"),
            "[server]\nport = [\"c\"]\nhost = \"x\"\n");
  EXPECT_EQ(with("[server]\r\nport = 1\r\n", "2"), "[server]\r\nport = 2\r\n");
}

TEST(TomlEdit, ANewKeyGoesIntoItsTable) {
  EXPECT_EQ(with("", "2"), "[server]\nport = 2\n");
  EXPECT_EQ(with("# only a comment", "2"), "# only a comment\n\n[server]\nport = 2\n");
  EXPECT_EQ(with("[fetch]\noffline = true\n", "2"), "[fetch]\noffline = true\n\n[server]\nport = 2\n");
  EXPECT_EQ(with("[server]\nhost = \"x\"\n[fetch]\n", "2"), "[server]\nport = 2\nhost = \"x\"\n[fetch]\n");
  EXPECT_EQ(with("[server]", "2"), "[server]\nport = 2\n");
  EXPECT_EQ(with("server.host = \"x\"\n[fetch]\n", "2"), "server.port = 2\nserver.host = \"x\"\n[fetch]\n");
  EXPECT_EQ(with("[server]\n", "2", {"server", "qwen3.1 \"x\""}), "[server]\n\"qwen3.1 \\\"x\\\"\" = 2\n");
  EXPECT_EQ(with("", "2", {"server", ""}), "[server]\n\"\" = 2\n");
  EXPECT_EQ(with("[models.\"a b\"]\npinned = true\n", "2"), "[models.\"a b\"]\npinned = true\n\n[server]\nport = 2\n");
}

TEST(TomlEdit, WhatIsTakenAwayLeavesTheRest) {
  EXPECT_EQ(without("[server]\n# why\nport = 1 # x\nhost = \"x\"\n"), "[server]\n# why\nhost = \"x\"\n");
  EXPECT_EQ(without("[server]\nport = [\n \"a\",\n]\n[fetch]\n"), "[server]\n[fetch]\n");
  EXPECT_EQ(without("[server]\nhost = \"x\"\n"), "[server]\nhost = \"x\"\n");
  EXPECT_EQ(without("server.port = 1"), "");
}

TEST(TomlEdit, WhatCannotBeDoneSafelyIsRefused) {
  EXPECT_TRUE(with("server = { host = \"x\" }\n", "2").starts_with("error: server.port stands where"));
  EXPECT_TRUE(without("server = { port = 1, host = \"x\" }\n").starts_with("error: server.port stands where"));
  EXPECT_TRUE(with("server = 3\n", "2").starts_with("error"));
  EXPECT_TRUE(with("[server\n", "2").starts_with("error: line 1"));
  EXPECT_TRUE(with("", "2\nhost = 3").starts_with("error")) << "a literal brings no other key";
  EXPECT_TRUE(with("", "oops").starts_with("error"));
}

TEST(TomlEdit, TextsAreQuoted) {
  EXPECT_EQ(toml_literal("a \"b\" \\ c\n\x01"), "\"a \\\"b\\\" \\\\ c\\u000A\\u0001\"");
  EXPECT_EQ(toml_literal(std::vector<std::string>{"a", "b,c"}), "[\"a\", \"b,c\"]");
  EXPECT_EQ(toml_literal(std::vector<std::string>{}), "[]");
  EXPECT_EQ(with("", toml_literal("\u2028\x7f'\"\"\"")), "[server]\nport = \"\u2028\\u007F'\\\"\\\"\\\"\"\n");
}

}  // namespace
}  // namespace eai
