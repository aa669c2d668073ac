#include "cli/chat_session.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "cli/chat_request.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

ChatSession two_turns() {
  ChatSession out;
  out.system = "Be short.";
  out.ask("One?");
  out.answer("1", "hm");
  out.ask("Two?", {{"a.png", "data:image/png;base64,AA=="}});
  out.answer("2", "");
  return out;
}

std::string messages_of(const ChatSession& session) { return json::serialize(session.messages()); }

TEST(ChatSession, MessagesAreThoseOfOpenAiWithoutReasoning) {
  EXPECT_EQ(messages_of(two_turns()),
            R"([{"role":"system","content":"Be short."},{"role":"user","content":"One?"},)"
            R"({"role":"assistant","content":"1"},{"role":"user","content":[{"type":"text","text":"Two?"},)"
            R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]},)"
            R"({"role":"assistant","content":"2"}])");
}

TEST(ChatSession, AQuestionWithoutAnAnswerGivesWayToTheNextOne) {
  ChatSession session;
  session.ask("lost");
  session.answer("", "");
  session.ask("kept");
  EXPECT_EQ(messages_of(session), R"([{"role":"user","content":"kept"}])");
}

TEST(ChatSession, AnAnswerStoppedWhileTheModelThoughtIsStillAnAnswer) {
  ChatSession session;
  session.ask("q");
  session.answer("", "I thi");
  ASSERT_NE(session.last_answer(), nullptr);
  EXPECT_EQ(session.last_answer()->reasoning, "I thi");
}

TEST(ChatSession, UndoAndReopen) {
  ChatSession session = two_turns();
  ASSERT_TRUE(session.reopen());
  EXPECT_FALSE(session.turns().back().answered);
  EXPECT_EQ(session.last_answer()->answer, "1");
  EXPECT_EQ(session.undo()->question, "Two?");
  EXPECT_EQ(session.undo()->question, "One?");
  EXPECT_FALSE(session.undo());
  EXPECT_FALSE(session.reopen());
  EXPECT_EQ(session.last_answer(), nullptr);
  session.answer("to nothing", "");
  EXPECT_TRUE(session.turns().empty());
}

TEST(ChatSession, AFileReadsBackTheSame) {
  ChatSession before = two_turns();
  before.ask("open, with \x1b and \xe2\x80\xae");
  const auto after = ChatSession::from_json(before.as_json("bafk"));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(messages_of(*after), messages_of(before));
  EXPECT_EQ(after->as_json("bafk"), before.as_json("bafk"));
  EXPECT_EQ(before.as_json("bafk").find('\x1b'), std::string::npos);
}

TEST(ChatSession, FilesOfOthersAreReadOrRefusedInWords) {
  const auto plain = ChatSession::from_json(R"([{"role":"developer","content":"a"},{"role":"user","content":"b"}])");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->system, "a");
  for (const char* bad : {"", "{", "1", "{}", R"({"messages":3})", "[1]", R"([{"role":"user"}])",
                          R"([{"role":"user","content":7}])", R"([{"role":"user","content":[1]}])",
                          R"([{"role":"assistant","content":"x"}])", R"([{"role":"tool"}])", R"([{"content":"x"}])"}) {
    const auto refused = ChatSession::from_json(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, Code::invalid) << bad;
    EXPECT_FALSE(refused.error().message.empty());
  }
  EXPECT_FALSE(ChatSession::from_json(std::string(100'000, '[')));
}

TEST(ChatSession, MarkdownIsForPeople) {
  const std::string text = two_turns().as_markdown("demo");
  EXPECT_EQ(text,
            "# A chat with demo\n\n## Instructions\n\nBe short.\n\n## Question\n\nOne?\n\n## Answer\n\n1\n"
            "\n## Question\n\nTwo?\n\n(picture: a.png)\n\n## Answer\n\n2\n");
}

TEST(ChatRequest, OnlyWhatWasSetIsSent) {
  ChatSession session;
  session.ask("q");
  const json::object plain = chat_request("m", {}, session);
  EXPECT_EQ(plain.at("model"), "m");
  EXPECT_TRUE(plain.at("stream").as_bool());
  EXPECT_FALSE(plain.contains("temperature") || plain.contains("max_tokens"));
  const json::object more = chat_request("m", {.temperature = 0, .max_tokens = 7}, session);
  EXPECT_EQ(more.at("temperature"), 0.0);
  EXPECT_EQ(more.at("max_tokens"), 7);
}

TEST(ChatRequest, ATemperatureIsANumberFrom0To2) {
  for (const char* good : {"0", "0.7", "2", "1e-1"}) EXPECT_TRUE(read_temperature(good, "x")) << good;
  for (const char* bad : {"", "hot", "-0.1", "2.1", "nan", "inf", "1 ", "0.7x"})
    EXPECT_FALSE(read_temperature(bad, "x")) << bad;
}

}  // namespace
}  // namespace eai::cli
