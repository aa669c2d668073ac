#include "cli/embed_texts.h"

#include <fstream>

#include <gtest/gtest.h>

#include "util/file.h"

namespace eai::cli {
namespace {

TEST(EmbedTexts, LinesKeepTheirNumbersAndEmptyOnesAreLeftOut) {
  const auto lines = lines_of("\xef\xbb\xbfone\r\n\n  \t\r\nfour\nfünf", "a file");
  ASSERT_TRUE(lines) << lines.error().message;
  ASSERT_EQ(lines->size(), 3U);
  EXPECT_EQ(lines->at(0).text, "one");
  EXPECT_EQ(lines->at(0).line, 1U);
  EXPECT_EQ(lines->at(1).text, "four");
  EXPECT_EQ(lines->at(1).line, 4U);
  EXPECT_EQ(lines->at(2).text, "fünf") << "the last one needs no line break";
}

TEST(EmbedTexts, ALineThatIsNotTextIsNamed) {
  const auto lines = lines_of("one\ntwo\n\xff\xfe\nfour\n", "a file");
  ASSERT_FALSE(lines);
  EXPECT_EQ(lines.error().message, "a file, line 3 is not UTF-8 text");
}

TEST(EmbedTexts, WordsComeBeforeTheFile) {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "lines";
  std::ofstream(file) << "b\n\nc\n";
  const auto texts = texts_to_embed({"a", " "}, file);
  ASSERT_TRUE(texts) << texts.error().message;
  ASSERT_EQ(texts->size(), 3U);
  EXPECT_EQ(texts->at(0).text, "a");
  EXPECT_EQ(texts->at(0).line, 0U);
  EXPECT_EQ(texts->at(2).line, 3U);
}

TEST(EmbedTexts, NothingToEmbedIsAnError) {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "lines";
  std::ofstream(file) << "\n \n";
  EXPECT_EQ(texts_to_embed({}, file).error().code, Code::invalid);
  EXPECT_EQ(texts_to_embed({" "}, "").error().code, Code::invalid);
  EXPECT_EQ(texts_to_embed({"\xff"}, "").error().code, Code::invalid);
  EXPECT_EQ(texts_to_embed({}, folder.path() / "none").error().code, Code::not_found);
  EXPECT_EQ(texts_to_embed({}, folder.path()).error().code, Code::invalid);
}

}  // namespace
}  // namespace eai::cli
