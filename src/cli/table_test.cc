#include "cli/table.h"

#include <gtest/gtest.h>

#include "util/text.h"

namespace eai::cli {
namespace {

TEST(Table, FitsAScreenByCuttingTheColumnThatMay) {
  const std::vector<std::vector<std::string>> rows = {{"qwen3-1.7b", std::string(60, 'h')}};
  const auto wide = table_lines({"NAME", "HASH"}, rows, 1, 200);
  ASSERT_EQ(wide.size(), 2u);
  EXPECT_EQ(wide[0], "NAME        HASH");
  EXPECT_EQ(wide[1], "qwen3-1.7b  " + std::string(60, 'h'));
  for (const std::string& line : table_lines({"NAME", "HASH"}, rows, 1, 30)) EXPECT_LE(width_of(line), 30u);
  EXPECT_TRUE(table_lines({"NAME", "HASH"}, rows, 1, 30)[1].starts_with("qwen3-1.7b  hh"));
}

TEST(Table, ATinyScreenStillShowsABeginning) {
  const auto lines = table_lines({"NAME", "HASH"}, {{std::string(40, 'n'), std::string(40, 'h')}}, 1, 5);
  EXPECT_LE(width_of(lines[1]), 20u);
}

TEST(Table, CellsOfAPipeAreWholeAndHarmless) {
  EXPECT_EQ(tab_separated({"a", std::string(9000, 'x'), ""}), "a\t" + std::string(9000, 'x') + "\t");
  EXPECT_EQ(tab_separated({"a\tb", "c\nd", "e\x1b[2J"}), "a?b\tc?d\te?[2J");
}

TEST(Table, LongLinesTakeSeveralOfTheScreen) {
  EXPECT_EQ(lines_on_screen("a\nb\n", 80), 2u);
  EXPECT_EQ(lines_on_screen("a\n\nb", 80), 3u);
  EXPECT_EQ(lines_on_screen(std::string(161, 'x'), 80), 3u);
  EXPECT_EQ(lines_on_screen("\x1b[1m" + std::string(80, 'x') + "\x1b[0m", 80), 1u) << "colours have no width";
}

}  // namespace
}  // namespace eai::cli
