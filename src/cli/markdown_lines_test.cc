#include "cli/markdown_lines.h"

#include <random>

#include <gtest/gtest.h>

namespace eai::cli {
namespace {

using Look = MarkdownLines::Look;

std::string styled(std::string_view text) {
  MarkdownLines lines(Look::styled);
  std::string out = lines.add(text);
  return out + lines.end();
}

// Styles as letters in braces, so that a test can be read.
std::string readable(std::string text) {
  const std::pair<std::string_view, std::string_view> names[] = {
      {"\033[0m", "{}"}, {"\033[1m", "{b}"}, {"\033[2m", "{d}"}, {"\033[36m", "{c}"}};
  for (const auto& [code, name] : names) {
    for (std::size_t at = 0; (at = text.find(code, at)) != std::string::npos;) text.replace(at, code.size(), name);
  }
  return text;
}

TEST(MarkdownLines, MarksBecomeStyles) {
  EXPECT_EQ(readable(styled("a **b** c\n")), "a {}{b}b{} c\n");
  EXPECT_EQ(readable(styled("## Title\ntext")), "{}{b}Title{}\ntext");
  EXPECT_EQ(readable(styled("use `ls -l` now")), "use {}{c}ls -l{} now");
  EXPECT_EQ(readable(styled("- one\n  * two\n")), "• one\n  • two\n");
  EXPECT_EQ(readable(styled("```sh\nls **x**\n```\nend")), "{}{d}```sh{}\n{}{c}ls **x**{}\n{}{d}```{}\nend");
  EXPECT_EQ(readable(styled("\\*no\\* \\n")), "*no* \\n");
}

TEST(MarkdownLines, WhatIsNoMarkStays) {
  for (const std::string_view text :
       {"2 * 3 ** 4", "#tag", "####### seven", "-5 degrees", "a*b*c", "", "\n\n", "    ", "snake_case_name", "---\n"}) {
    EXPECT_EQ(styled(text), text);
  }
}

TEST(MarkdownLines, AStyleEndsWithItsLine) {
  EXPECT_EQ(readable(styled("**never closed\nnext")), "{}{b}never closed{}\nnext");
  EXPECT_EQ(readable(styled("`never closed")), "{}{c}never closed{}");
}

TEST(MarkdownLines, NoSequenceOfTheModelComesOut) {
  const std::string hostile =
      "\033[2J\033]52;c;AAAA\a\x9b"
      "31m\xc2\x9b \xe2\x80\xae"
      "txt\x7f\r\b";
  for (const Look look : {Look::plain, Look::styled}) {
    MarkdownLines lines(look);
    const std::string out = lines.add(hostile) + lines.end();
    for (const char byte : out) EXPECT_TRUE(byte >= ' ' || byte == '\n') << int(byte);
    EXPECT_EQ(out.find("\xe2\x80\xae"), std::string::npos);
    EXPECT_NE(out.find("txt"), std::string::npos);
  }
}

TEST(MarkdownLines, EmojiOfSeveralPartsStayWhole) {
  const std::string family = "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 \xe2\x9d\xa4\xef\xb8\x8f";
  EXPECT_EQ(shown_answer(family), family);
  EXPECT_EQ(styled(family), family);
}

TEST(MarkdownLines, TheCutsDoNotMatter) {
  const std::string text =
      "# Über **alles**\n\n1. a `code` b\n- **x**\n\n```py\nprint('**')\n\n  # c\n```\n*i* \\` ** 😀 \xff end**";
  const std::string whole = styled(text);
  std::mt19937 chance(7);
  for (int round = 0; round < 200; ++round) {
    MarkdownLines lines(Look::styled);
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t take = std::min<std::size_t>(1 + chance() % 5, text.size() - at);
      out += lines.add(std::string_view(text).substr(at, take));
      at += take;
    }
    ASSERT_EQ(out + lines.end(), whole);
  }
}

TEST(MarkdownLines, PlainTextIsNotHeldBack) {
  MarkdownLines lines(Look::styled);
  EXPECT_EQ(lines.add("Par"), "Par");
  EXPECT_EQ(lines.add("is"), "is");
  EXPECT_EQ(lines.add(" *"), " ") << "it may be a mark";
  EXPECT_EQ(lines.add("x"), "*x");
}

}  // namespace
}  // namespace eai::cli
