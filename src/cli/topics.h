// Why: what holds for every command is told in one place for each subject, and in the same words by `eai help <topic>` and
// by the manual.
// Thread: any.
// What holds: variables come from the table of settings, exit statuses from the table of errors; neither is written twice.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eai::cli {

// A word and what it means.
struct TopicEntry {
  std::string term, text;
};

struct TopicSection {
  std::string title;                    // empty: none
  std::vector<std::string> paragraphs;  // before the entries
  std::vector<TopicEntry> entries = {};
};

struct Topic {
  std::string_view name;  // "exit-codes"
  std::string_view about;
  std::vector<TopicSection> (*sections)();
};

std::span<const Topic> topics();
const Topic* find_topic(std::string_view name);  // null: there is none

std::vector<TopicEntry> exit_statuses();
// Variables that are no settings: of eai, and of other programs that eai heeds.
std::vector<TopicEntry> other_variables();

}  // namespace eai::cli
