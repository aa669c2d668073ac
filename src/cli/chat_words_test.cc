#include "cli/chat_words.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/chat_history.h"

namespace eai::cli {
namespace {

// A folder that is gone after the test, with a picture and others in it.
class ChatFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "chat-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directory(folder_ / "sub");
    for (const char* file : {"a.png", "a b.JPG", "a.txt", ".hidden"})
      ASSERT_TRUE(write_file_atomic(folder_ / file, view_of(std::string_view("x")), 0600));
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const char* name) const { return (folder_ / name).string(); }
  fs::path folder_;
};

TEST(ChatWords, AWordAndItsRest) {
  const auto save = read_chat_line("  /SAVE  my file.md \n");
  ASSERT_TRUE(save);
  ASSERT_NE(save->word, nullptr);
  EXPECT_EQ(save->word->what, ChatDo::save);
  EXPECT_EQ(save->rest, "my file.md");
  for (const char* leave : {"/bye", "/exit", "/quit"}) EXPECT_EQ(read_chat_line(leave)->word->what, ChatDo::bye);
  EXPECT_EQ(read_chat_line("/?")->word->what, ChatDo::help);
}

TEST(ChatWords, WhatIsNoWordIsSaid) {
  for (const char* text : {"hello", "a /save b", "/usr/bin/env what is it?", "1/2"}) {
    const auto line = read_chat_line(text);
    ASSERT_TRUE(line) << text;
    EXPECT_EQ(line->word, nullptr) << text;
    EXPECT_EQ(line->rest, text);
  }
}

TEST(ChatWords, WrongWordsAreNamedWithThoseLikeThem) {
  const auto message = [](const char* line) { return read_chat_line(line).error().message; };
  EXPECT_NE(message("/shwo").find("did you mean /show"), std::string::npos) << message("/shwo");
  EXPECT_NE(message("/xyzzy").find("/help lists them"), std::string::npos) << message("/xyzzy");
  EXPECT_NE(message("/").find("/help"), std::string::npos) << message("/");
  EXPECT_NE(message("/undo it").find("takes nothing"), std::string::npos);
  EXPECT_NE(message("/save").find("<file.md|file.json>"), std::string::npos);
  EXPECT_EQ(message("/\x1b[2J").find('\x1b'), std::string::npos);
}

TEST(ChatWords, HelpNamesEachWordOnce) {
  for (const std::size_t columns : {0, 20, 80}) {
    const std::string help = chat_help(columns);
    for (const ChatWord& word : chat_words()) EXPECT_NE(help.find("/" + std::string(word.name)), std::string::npos);
    for (std::string_view rest = help; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
      EXPECT_LT(rest.find('\n'), 80U) << rest;
  }
}

TEST_F(ChatFiles, PathsOfPicturesAreTakenOutOfTheText) {
  const std::string plain = path("a.png"), blank = path("a b.JPG");
  const auto one = pictures_in("What is in " + plain + " here?");
  EXPECT_EQ(one.text, "What is in here?");
  EXPECT_EQ(one.files, std::vector<std::string>{plain});
  EXPECT_EQ(pictures_in("x '" + blank + "'").files, std::vector<std::string>{blank});
  EXPECT_EQ(pictures_in("x \"" + blank + "\"").files, std::vector<std::string>{blank});
  std::string escaped = blank;
  escaped.insert(escaped.find(" b"), "\\");
  EXPECT_EQ(pictures_in(escaped + " y").files, std::vector<std::string>{blank});
  EXPECT_EQ(pictures_in(escaped + " y").text, "y");
}

TEST_F(ChatFiles, WhatIsNoPictureStaysAsItIs) {
  for (const std::string& text : {path("a.txt") + "  it's", path("none.png"), std::string("a.png"), std::string("\\"),
                                  std::string("a \"b"), std::string(" x\n\n y "), path("sub")}) {
    const auto parts = pictures_in(text);
    EXPECT_EQ(parts.text, text);
    EXPECT_TRUE(parts.files.empty()) << text;
  }
  EXPECT_EQ(read_chat_line(path("a.png"))->word, nullptr) << "a path, not a word";
}

TEST_F(ChatFiles, Completion) {
  const std::vector<std::string> models = {"demo", "other"};
  EXPECT_EQ(completion_of("/s", models).words, (std::vector<std::string>{"/system", "/set", "/show", "/save"}));
  EXPECT_EQ(completion_of("/set th", models).words, std::vector<std::string>{"think"});
  EXPECT_EQ(completion_of("/show ", models).words.size(), chat_showable().size());
  EXPECT_EQ(completion_of("/model o", models).words, std::vector<std::string>{"other"});
  EXPECT_EQ(completion_of("/model o", models).begin, 7U);
  EXPECT_TRUE(completion_of("/undo x", models).words.empty());
  EXPECT_TRUE(completion_of("hello", models).words.empty());
  EXPECT_TRUE(completion_of("", models).words.empty());
  EXPECT_EQ(completion_of("/image " + path("a.p"), models).words, std::vector<std::string>{path("a.png")});
  EXPECT_EQ(completion_of("see " + path("su"), models).words, std::vector<std::string>{path("sub/")});
  EXPECT_EQ(completion_of(path(".h"), models).words, std::vector<std::string>{path(".hidden")});
}

TEST_F(ChatFiles, HistoryIsKeptForThisUserAlone) {
  Folders folders;
  folders.state = folder_ / "state";
  const ChatHistory history(folders);
  EXPECT_TRUE(history.load().empty());
  ASSERT_TRUE(history.add("one\ntwo"));
  ASSERT_TRUE(history.add("three"));
  ASSERT_TRUE(history.add(std::string(100'000, 'x')));
  EXPECT_EQ(history.load(), (std::vector<std::string>{"one\ntwo", "three"}));
  EXPECT_EQ(fs::status(folders.state / "chat_history").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  for (int i = 0; i < 2100; ++i) ASSERT_TRUE(history.add(std::to_string(i)));
  EXPECT_EQ(history.load().size(), 1000U);
  EXPECT_EQ(history.load().back(), "2099");
}

TEST_F(ChatFiles, AHistoryThatCannotBeUsedIsNone) {
  Folders folders;
  folders.state = folder_ / "a.txt";  // not a folder
  EXPECT_TRUE(ChatHistory(folders).load().empty());
  EXPECT_FALSE(ChatHistory(folders).add("x"));
  folders.state = folder_ / "state";
  fs::create_directory(folders.state);
  ASSERT_TRUE(
      write_file_atomic(folders.state / "chat_history", view_of(std::string_view("{]\n3\n\"good\"\n\xff\n\"")), 0600));
  EXPECT_EQ(ChatHistory(folders).load(), std::vector<std::string>{"good"});
}

TEST(LineEditor, PastesAreCleaned) {
  EXPECT_EQ(clean_paste("a\r\nb\rc\nd\te"), "a\nb\nc\nd\te");
  EXPECT_EQ(clean_paste("x\x1b[2J\x7f\a"), "x[2J");
  EXPECT_EQ(clean_paste("\r\r\n"), "\n\n");
}

TEST(LineEditor, WhatAllWordsBeginWith) {
  EXPECT_EQ(common_beginning({}), "");
  EXPECT_EQ(common_beginning({"one"}), "one");
  EXPECT_EQ(common_beginning({"/set", "/show"}), "/s");
  EXPECT_EQ(common_beginning({"\xc3\xa4", "\xc3\xb6"}), "") << "half a letter is none";
}

}  // namespace
}  // namespace eai::cli
