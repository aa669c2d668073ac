// `eai help`
#include <algorithm>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/overview.h"
#include "cli/topics.h"
#include "util/text.h"

namespace eai::cli {
namespace {

// Of `eai <words> --help`; nothing if there is no such command.
std::string help_of_command(std::vector<std::string> words, std::size_t columns) {
  words.insert(words.begin(), "eai");
  words.emplace_back("--help");
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  const auto parsed = parse_command_line(static_cast<int>(argv.size()), argv.data(), columns);
  return parsed ? parsed->help : std::string();
}

std::string help_text(const std::vector<std::string>& words, std::size_t columns) {
  if (words.empty()) return overview(columns);
  if (words.size() > 2) return "";
  const bool below_model = words.front() == "model";
  if (words.size() == 2 && !below_model) return "";
  if (words.size() == 1) {
    if (const Topic* topic = find_topic(words.front())) return topic_text(*topic, columns);
    if (below_model) return model_overview(columns);
  }
  const auto is_it = [&](bool at_top) {
    return std::ranges::any_of(commands(), [&](const Command& one) { return one.is_called(words.back(), at_top); });
  };
  if (words.size() == 1 && is_it(true)) return help_of_command(words, columns);
  // Many commands are below `model`, and nothing else has their names.
  return is_it(false) ? help_of_command({"model", words.back()}, columns) : std::string();
}

}  // namespace

Result<int> help(Context& context) {
  Output& out = context.out;
  const std::string text = help_text(context.words.list, out.columns());
  if (text.empty()) {
    std::vector<std::string> known;
    for (const Topic& topic : topics()) known.emplace_back(topic.name);
    for (const Command& command : commands()) {
      known.emplace_back(command.name);
      if (!command.short_word.empty()) known.emplace_back(command.short_word);
    }
    const auto near = near_names(context.words.list.back(), known, 1);
    return fail(Code::invalid, "there is no help about \"" + printable(context.words.text, 100) + "\"" +
                                   (near.empty() ? "" : "; did you mean " + near.front() + "?") +
                                   " `eai help` lists commands and topics");
  }
  out.begin_page();
  out.line(std::string_view(text).substr(0, text.size() - 1));  // line() ends it
  out.end_page();
  return 0;
}

}  // namespace eai::cli
