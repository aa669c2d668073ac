#include "util/shown_text.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "util/text.h"

namespace eai {
namespace {

// Each can do something to a terminal or to its reader's eye.
const std::vector<std::string> k_harmful = {std::string(1, '\0'),
                                            "\x07",
                                            "\x1b",
                                            "\r",
                                            "\x7f",
                                            "\u0080",
                                            "\u0085",
                                            "\u009b",
                                            "\u009d",
                                            "\u00ad",
                                            "\u061c",
                                            "\u200b",
                                            "\u200c",
                                            "\u200d",
                                            "\u200e",
                                            "\u200f",
                                            "\u2028",
                                            "\u2029",
                                            "\u202a",
                                            "\u202e",
                                            "\u2060",
                                            "\u2064",
                                            "\u2066",
                                            "\u2069",
                                            "\u206f",
                                            "\ufeff",
                                            "\u180e",
                                            "\u3164",
                                            "\u115f",
                                            "\uffa0",
                                            "\ufff9",
                                            "\uffff",
                                            "\U000e0001",
                                            "\U000e0041",
                                            "\U000e0100",
                                            "\xff",
                                            "\xc0\xaf",
                                            "\xed\xa0\x80",
                                            "\xf4\x90\x80\x80",
                                            "\xe2\x82",
                                            "\x80"};
// And each of these is text.
const std::vector<std::string> k_harmless = {"a", "~", " ", "ü", "語", "ا",      "ש",
                                             "é", "🚀", "—", "…", "█",  "\u00a0", "\u3000"};

TEST(ShownText, HarmfulCharactersBecomeQuestionMarks) {
  for (const std::string& one : k_harmful) {
    const std::string text = "a" + one + "b";
    EXPECT_EQ(shown(text).find(one), std::string::npos) << to_hex(view_of(one));
    EXPECT_TRUE(shown(text).starts_with("a?")) << to_hex(view_of(one));
    EXPECT_TRUE(shown(text).ends_with("b"));
    EXPECT_TRUE(is_valid_utf8(shown(text)));
    EXPECT_EQ(printable(text), shown(text)) << "one rule for both";
    EXPECT_FALSE(check_visible_name(text)) << to_hex(view_of(one));
  }
  for (const std::string& one : k_harmless) {
    EXPECT_EQ(shown("a" + one + "b"), "a" + one + "b");
    EXPECT_TRUE(check_visible_name("a" + one + "b")) << one;
  }
}

TEST(ShownText, LinesStayAndOneValueHasNone) {
  EXPECT_EQ(shown("one\n\ttwo"), "one\n\ttwo");
  EXPECT_EQ(printable("one\n\ttwo"), "one??two");
  EXPECT_EQ(check_visible_name("x\u202ey").error().message,
            "holds the character U+202E, which cannot be seen or changes how the text around it looks");
}

TEST(ShownText, JsonKeepsItsValue) {
  for (const auto* list : {&k_harmful, &k_harmless}) {
    for (const std::string& one : *list) {
      const std::string text = "a\\" + one + "\"b";
      const std::string told = shown_json(boost::json::serialize(boost::json::value(text)));
      EXPECT_TRUE(is_valid_utf8(told));
      boost::system::error_code wrong;
      const auto parsed = boost::json::parse(told, wrong);
      ASSERT_FALSE(wrong) << told;
      if (is_valid_utf8(one)) {
        EXPECT_EQ(parsed.as_string(), text) << told;
      } else {
        EXPECT_NE(parsed.as_string().find("\\x"), boost::json::string::npos) << told;
      }
      EXPECT_EQ(told.find(one) == std::string::npos, list == &k_harmful) << told;
    }
  }
  EXPECT_EQ(shown_json("\"\xff/m\\u00e9\""), "\"\\\\xff/m\\u00e9\"");
  EXPECT_EQ(shown_json("{\"a\":\n 1}"), "{\"a\":\n 1}");
}

TEST(ShownText, LoginsAreFoundAndHidden) {
  for (const std::string url :
       {"https://user:geheim@host", "https://geheim@host/x", "http://user:geheim@host:80/p",
        "https://user:ge?geheim@host", "https://user:gehei/geheim@host", "kubo:http://u:geheim@127.0.0.1:5001",
        "pinning:https://u:geheim@host/psa", "https://user:geheim@@host", "socks5://u:geheim@h"}) {
    EXPECT_TRUE(has_login(url)) << url;
    EXPECT_EQ(without_secrets(url).find("geheim"), std::string::npos) << without_secrets(url);
    EXPECT_NE(without_secrets(url).find("***"), std::string::npos);
  }
  for (const std::string url :
       {"https://host", "http://host:8080/a@b", "https://host/ipfs/x@y", "user@host", "lighthouse", "car:/tmp/a@b.car",
        "file:///a@b", "http://[::1]:80/", "http://[::1]:80/a@b", "http://[::1]/a@b"}) {
    EXPECT_FALSE(has_login(url)) << url;
    EXPECT_EQ(without_secrets(url), url);
  }
  EXPECT_EQ(without_logins("asking https://u:geheim@host/x failed, and \"http://geheim@h\" too; a@b is no URL"),
            "asking https://***@host/x failed, and \"http://***@h\" too; a@b is no URL");
  for (const char* text :
       {"", "no URL", "://", "https://", "https://host is well", "mail me@host", "https://host x@y "}) {
    EXPECT_EQ(without_logins(text), text);
  }
  EXPECT_EQ(without_secrets("https://host/p?token=geheim&x=1#f"), "https://host/p?***");
  EXPECT_EQ(without_secrets("is this a question?"), "is this a question?");
}

}  // namespace
}  // namespace eai
