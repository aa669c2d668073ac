#include "cli/hint_words.h"

#include <set>

#include <gtest/gtest.h>

namespace eai::cli {
namespace {

TEST(HintWords, EveryHintHasANameAndWordsOfItsOwn) {
  std::set<std::string_view> names, words;
  for (int number = 1; number <= static_cast<int>(Hint::car_home); ++number) {
    const auto hint = static_cast<Hint>(number);
    EXPECT_EQ(parse_hint(name_of(hint)), hint) << number;
    EXPECT_TRUE(names.insert(name_of(hint)).second) << number;
    EXPECT_FALSE(shell_words(hint).empty()) << name_of(hint);
    EXPECT_TRUE(words.insert(shell_words(hint)).second) << name_of(hint);
  }
}

TEST(HintWords, StandBehindWhatIsWrong) {
  EXPECT_EQ(words_of({Code::io, "it did not work"}), "it did not work");
  EXPECT_EQ(words_of({Code::not_found, "tiny is not here", Hint::list_models}),
            "tiny is not here; `eai model list` shows what is here");
  EXPECT_EQ(words_of({Code::not_found, "did you mean tiny?", Hint::list_models}),
            "did you mean tiny? `eai model list` shows what is here");
  EXPECT_EQ(words_of({Code::not_found, "tiny is not here", Hint::download_model, "tiny"}),
            "tiny is not here; `eai model download tiny` downloads it");
  EXPECT_EQ(words_of_note("tiny is left out", Hint::list_models),
            "tiny is left out (`eai model list` shows what is here)");
  EXPECT_EQ(words_of_note("tiny is left out", Hint::none), "tiny is left out");
}

}  // namespace
}  // namespace eai::cli
