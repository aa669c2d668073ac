#include "cli/manual.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "cli/overview.h"
#include "cli/topics.h"
#include "util/error_map.h"

namespace eai::cli {
namespace {

TEST(Overview, EveryCommandIsInOneGroupAndHasExamples) {
  std::set<const Command*> seen;
  for (const CommandGroup& group : command_groups()) {
    EXPECT_NE(group.title, "More") << "see table_of_groups()";
    for (const Command* command : group.commands) EXPECT_TRUE(seen.insert(command).second) << command->words();
  }
  EXPECT_EQ(seen.size(), commands().size());
  for (const Command& command : commands()) EXPECT_FALSE(examples_of(command).empty()) << command.words();
}

TEST(Topics, ExitStatusesAreThoseOfErrors) {
  const auto statuses = exit_statuses();
  for (const Code code : {Code::not_found, Code::corrupt, Code::invalid, Code::io, Code::network, Code::timeout,
                          Code::busy, Code::unsupported, Code::cancelled}) {
    const std::string status = std::to_string(face_of(code).exit_status);
    EXPECT_NE(std::ranges::find(statuses, status, &TopicEntry::term), statuses.end()) << name_of(code);
  }
  EXPECT_EQ(statuses.front().term, "0");
  EXPECT_EQ(statuses.back().term, "130");
  for (const TopicEntry& one : statuses) EXPECT_FALSE(one.text.empty()) << one.term;
}

TEST(Topics, TheEnvironmentHasEverySettingOnce) {
  std::multiset<std::string> seen;
  for (const TopicSection& section : find_topic("environment")->sections())
    for (const TopicEntry& one : section.entries) seen.insert(one.term);
  for (const Setting& setting : settings()) EXPECT_EQ(seen.count(std::string(setting.variable)), 1u) << setting.key;
}

TEST(Manual, EveryCommandTopicAndShortWordHasAPage) {
  std::set<std::string> files;
  for (const ManualPage& page : manual_pages()) EXPECT_TRUE(files.insert(page.file).second) << page.file;
  for (const Command& command : commands()) {
    EXPECT_TRUE(files.contains("man1/" + command.page() + ".1"));
    if (command.short_word.empty()) continue;
    EXPECT_TRUE(files.contains("man1/eai-" + std::string(command.short_word) + ".1"));
  }
  for (const Topic& topic : topics()) EXPECT_TRUE(files.contains("man7/eai-" + std::string(topic.name) + ".7"));
}

TEST(Manual, NoTextBecomesACommandOfRoff) {
  for (const ManualPage& page : manual_pages()) {
    std::string_view text = page.text;
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      EXPECT_FALSE(line.starts_with('\'')) << page.file << ": " << line;
      if (!line.starts_with('.')) continue;
      bool is_known = false;
      for (const char* macro : {".TH", ".SH", ".SS", ".TP", ".B ", ".BR", ".PP", ".br", ".nf", ".fi", ".so"})
        is_known = is_known || line.starts_with(macro);
      EXPECT_TRUE(is_known) << page.file << ": " << line;
    }
  }
}

}  // namespace
}  // namespace eai::cli
