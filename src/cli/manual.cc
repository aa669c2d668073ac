#include "cli/manual.h"

#include <algorithm>

#include <fcntl.h>

#include "cli/help.h"
#include "cli/overview.h"
#include "cli/topics.h"
#include "util/text.h"

namespace eai::cli {
namespace {

// Text of ours, in which roff sees no command of its own.
std::string roff(std::string_view text) {
  std::string out;
  bool at_begin = true;
  for (const char c : text) {
    if (at_begin && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    at_begin = c == '\n';
  }
  return out;
}

constexpr std::string_view k_day = "2026-11-29";  // when what the pages say was last looked through

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string head(const std::string& name, std::string_view section, std::string_view about) {
  return ".TH " + roff(upper(name)) + " " + std::string(section) + " " + std::string(k_day) +
         " \"eai " EAI_VERSION "\" eai\n.SH NAME\n" + roff(name) + " \\- " + roff(about) + "\n";
}

std::string entry(std::string_view term, std::string_view text) {
  return ".TP\n\\fB" + roff(term) + "\\fR\n" + roff(text) + "\n";
}

template <typename Examples>
std::string examples_section(const Examples& examples) {
  std::string out;
  for (const Example& one : examples) out += entry(one.words, one.says);
  return out.empty() ? out : ".SH EXAMPLES\n" + out;
}

std::string see_also(std::vector<std::string> pages) {
  std::string out = ".SH SEE ALSO\n";
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const std::size_t bracket = pages[i].find('(');
    out += ".BR " + roff(pages[i].substr(0, bracket)) + " " + pages[i].substr(bracket) +
           (i + 1 < pages.size() ? " ,\n" : "\n");
  }
  return out;
}

std::string paragraphs_of(const TopicSection& section) {
  std::string out;
  std::string_view gap;
  for (const std::string& text : section.paragraphs) {
    out += gap;
    gap = ".PP\n";
    const bool is_file = text.find('\n') != std::string::npos;
    out += is_file ? ".nf\n" + roff(text) + "\n.fi\n" : roff(text) + "\n";
  }
  return out;
}

std::string usage_of(const Command& command) {
  const auto argument = [&]() -> std::string_view {
    switch (command.takes) {
      case Command::Takes::nothing:
        return "";
      case Command::Takes::models:
        return " [model ...]";
      case Command::Takes::folder:
        return " [folder]";
      case Command::Takes::paths:
        return " [path ...]";
      case Command::Takes::text:
        return " [word ...]";
      case Command::Takes::model_and_text:
        return " model [word ...]";
    }
    return "";
  };
  const std::string after = "\n[option ...]" + std::string(argument()) + "\n";
  std::string out = ".SH SYNOPSIS\n.B " + roff(command.words()) + after;
  if (!command.short_word.empty()) out += ".br\n.B eai " + roff(command.short_word) + after;
  return out;
}

std::string option_entry(const Setting& setting) {
  std::string names;
  std::string_view text = setting.option;
  while (!text.empty()) {
    std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (one.starts_with('!')) one.remove_prefix(1);
    names += (names.empty() ? "\\fB" : ", \\fB") + roff(one) + "\\fR";
  }
  if (!setting.is<bool>()) names += " \\fI" + roff(setting.value_name) + "\\fR";
  return ".TP\n" + names + "\n" + roff(help_of(setting)) + "\n";
}

std::string options_of(const Command& command) {
  std::vector<std::pair<std::string, std::string>> groups;  // in the order of --help
  for (const std::string_view key : command.options) {
    const Setting& setting = *find_setting(key);
    const std::string title = group_of(setting, command);
    auto found = std::ranges::find(groups, title, &std::pair<std::string, std::string>::first);
    if (found == groups.end()) found = groups.insert(groups.end(), {title, ""});
    found->second += option_entry(setting);
  }
  std::string out = ".SH OPTIONS\n";
  if (command.takes == Command::Takes::models) out += entry("--hash HASH,...", "Hashes (CIDs), separated by commas");
  for (const auto& [title, entries] : groups) out += (title == "Options" ? "" : ".SS " + title + "\n") + entries;
  return out + entry("-h, --help", "Print the options");
}

std::string page_of(const Command& command) {
  std::string out =
      head(command.page(), "1", command.help) + usage_of(command) + ".SH DESCRIPTION\n" + roff(command.help) + ".\n";
  if (!command.argument_help.empty()) out += ".PP\n" + roff(command.argument_help) + ".\n";
  out += examples_section(examples_of(command)) + options_of(command);
  return out + see_also({"eai(1)", "eai-environment(7)", "eai-exit-codes(7)", "eai-formats(7)", "eai-models(7)"});
}

std::string page_of(const Topic& topic) {
  std::string out = head("eai-" + std::string(topic.name), "7", topic.about);
  for (const TopicSection& section : topic.sections()) {
    out += section.title.empty() ? ".SH DESCRIPTION\n" : ".SH " + roff(upper(section.title)) + "\n";
    out += paragraphs_of(section);
    for (const TopicEntry& one : section.entries) out += entry(one.term, one.text);
  }
  return out + see_also({"eai(1)"});
}

std::string main_page() {
  std::string out = head("eai", "1", "fetch, verify and serve AI models by the hash of their bytes") +
                    ".SH SYNOPSIS\n.B eai\ncommand [option ...]\n.SH DESCRIPTION\n" + roff(k_about) + "\n" +
                    examples_section(first_examples()) + ".SH COMMANDS\n";
  std::vector<std::string> pages;
  for (const CommandGroup& group : command_groups()) {
    out += ".SS " + roff(group.title) + "\n";
    for (const Command* command : group.commands) {
      out += entry("eai " + usual_words(*command), command->help);
      pages.push_back(command->page() + "(1)");
    }
  }
  out += ".SH FILES\n" +
         entry("$EAI_HOME, $XDG_DATA_HOME/eai, ~/.local/share/eai", "The models; the first that is set") +
         entry("$EAI_HOME/config, $XDG_CONFIG_HOME/eai, ~/.config/eai", "config.toml and catalog.toml") +
         entry("$EAI_HOME/logs, $XDG_STATE_HOME/eai, ~/.local/state/eai", "Logs") + ".SH EXIT STATUS\n";
  for (const TopicEntry& one : exit_statuses()) out += entry(one.term, one.text);
  for (const Topic& topic : topics()) pages.push_back("eai-" + std::string(topic.name) + "(7)");
  return out + see_also(pages);
}

}  // namespace

std::vector<ManualPage> manual_pages() {
  std::vector<ManualPage> out{{"man1/eai.1", main_page()}};
  for (const Command& command : commands()) {
    out.push_back({"man1/" + command.page() + ".1", page_of(command)});
    if (!command.short_word.empty())
      out.push_back({"man1/eai-" + std::string(command.short_word) + ".1", "", command.page() + ".1"});
  }
  for (const Topic& topic : topics()) out.push_back({"man7/eai-" + std::string(topic.name) + ".7", page_of(topic)});
  return out;
}

Result<void> write_manual(const fs::path& folder) {
  for (const ManualPage& page : manual_pages()) {
    const fs::path file = folder / page.file;
    EAI_CHECK(make_folders(file.parent_path(), 0755));
    std::error_code failed;
    if (!page.link.empty()) fs::create_symlink(page.link, file, failed);
    if (failed) return fail(Code::io, file.string() + ": " + failed.message());
    if (!page.link.empty()) continue;
    EAI_TRY(const UniqueFd fd, open_file(file, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    EAI_CHECK(write_all(fd.get(), view_of(page.text)));
  }
  return {};
}

}  // namespace eai::cli
