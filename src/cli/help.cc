#include "cli/help.h"

#include <algorithm>
#include <array>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::size_t k_left = 30;          // columns of names
constexpr std::size_t k_no_terminal = 100;  // columns in a file or a pipe
constexpr std::size_t k_narrowest = 60;
constexpr std::size_t k_widest = 120;  // longer lines are hard to read

// Breaks lines between words, so that none is longer than `room`.
std::string wrapped(std::string_view text, std::size_t room) {
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (used > 0) {
      const bool fits = used + 1 + word.size() <= room;
      out += fits ? ' ' : '\n';
      used = fits ? used + 1 : 0;
    }
    out += word;
    used += word.size();
  }
  return out;
}

class Wrapping : public CLI::Formatter {
 public:
  explicit Wrapping(std::size_t columns) : room_(columns - k_left - 1) { column_width(k_left); }
  // What people type stands before what can be typed.
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return CLI::Formatter::make_help(app, std::move(name), mode);
    return wrapped(app->get_description(), room_ + k_left) + "\n\n" + make_usage(app, std::move(name)) + "\n" +
           make_footer(app) + make_positionals(app) + make_groups(app, mode) + make_subcommands(app, mode);
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    return wrapped(option->get_description(), room_);
  }
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, is_positional);
    constexpr std::string_view k_off = "{false}";  // CLI11's note on what "--no-…" means
    if (const std::size_t at = name.find(k_off); at != std::string::npos) name.erase(at, k_off.size());
    return name;
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_size() == 0 ? "" : " " + option->get_type_name();
  }

 private:
  std::size_t room_;
};

// "4GiB", as it could be typed.
std::string size_text(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  if (bytes % k_gib == 0) return std::to_string(bytes / k_gib) + "GiB";
  if (bytes % k_mib == 0) return std::to_string(bytes / k_mib) + "MiB";
  return std::to_string(bytes);
}

std::string text_of(const std::string& value) { return value; }
std::string text_of(std::uint64_t value) { return std::to_string(value); }
std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(const ByteSize& value) { return size_text(value.bytes); }
std::string text_of(const std::vector<std::string>&) { return ""; }  // every list is empty by default

std::size_t width_for(std::size_t columns) {
  return columns == 0 ? k_no_terminal : std::clamp(columns, k_narrowest, k_widest);
}

std::string indented(std::string_view text, std::size_t by) {
  std::string out(by, ' ');
  for (const char c : text) {
    out += c;
    if (c == '\n') out.append(by, ' ');
  }
  return out + "\n";
}

}  // namespace

std::shared_ptr<CLI::Formatter> help_formatter(std::size_t columns) {
  return std::make_shared<Wrapping>(width_for(columns));
}

std::string paragraph_lines(std::string_view text, std::size_t columns) {
  if (text.find('\n') != std::string_view::npos) return indented(text, 2);  // lines of a file, as they are
  return wrapped(text, width_for(columns) - 1) + "\n";
}

std::string entry_lines(std::string_view name, std::string_view says, std::size_t left, std::size_t columns) {
  std::string out = "  " + std::string(name);
  const std::string text = wrapped(says, width_for(columns) - left - 1);
  const bool same_line = width_of(out) + 2 <= left;
  out += same_line ? std::string(left - width_of(out), ' ') : "\n" + std::string(left, ' ');
  for (const char c : text) {
    out += c;
    if (c == '\n') out.append(left, ' ');
  }
  return out + "\n";
}

std::string example_lines(std::span<const Example> examples, std::size_t columns) {
  std::size_t widest = 0, longest = 0;
  for (const Example& one : examples) {
    widest = std::max(widest, width_of(one.words));
    longest = std::max(longest, width_of(one.says));
  }
  const std::size_t left = widest + 4;
  std::string out;
  if (left + longest < width_for(columns)) {
    for (const Example& one : examples) out += entry_lines(one.words, one.says, left, columns);
    return out;
  }
  for (const Example& one : examples) out += entry_lines(one.words, one.says, 6, columns);
  return out;
}

std::string topic_text(const Topic& topic, std::size_t columns) {
  std::string out;
  for (const TopicSection& section : topic.sections()) {
    if (!out.empty()) out += "\n";
    if (!section.title.empty()) out += section.title + ":\n";
    std::string_view gap;
    for (const std::string& paragraph : section.paragraphs) {
      out += gap;
      out += paragraph_lines(paragraph, columns);
      gap = "\n";
    }
    if (!section.paragraphs.empty() && !section.entries.empty()) out += "\n";
    std::size_t left = 0;
    for (const TopicEntry& entry : section.entries) left = std::max(left, width_of(entry.term) + 4);
    for (const TopicEntry& entry : section.entries)
      out += entry_lines(entry.term, entry.text, std::min(left, k_left), columns);
  }
  return out;
}

std::string without_gaps(std::string help) {
  for (std::size_t at = 0; (at = help.find("\n\n\n", at)) != std::string::npos;) help.erase(at, 1);
  return help;
}

std::string default_of(const Setting& setting) {
  if (!setting.usual.empty()) return std::string(setting.usual);
  static Config config;
  return std::visit([](const auto& field) { return text_of(field(config)); }, setting.place);
}

std::string help_of(const Setting& setting) {
  std::string out(setting.help);
  std::string choices;
  for (std::string_view choice : setting.choices) {
    if (!choice.empty()) choices += (choices.empty() ? ": " : ", ") + std::string(choice);
  }
  out += choices;
  const std::string usual = default_of(setting);
  // What 0 means is said by the help text itself.
  if (usual == "true") out += " (default)";
  if (!usual.empty() && usual != "true" && usual != "false" && usual != "0") out += " (default: " + usual + ")";
  return out + " [" + std::string(setting.variable) + "]";
}

std::string without_variable(std::string help) {
  const std::size_t at = help.rfind(" [EAI_");
  return at == std::string::npos ? help : help.substr(0, at);
}

std::string group_of(const Setting& setting, const Command& command) {
  const std::string_view room = setting.key.substr(0, setting.key.find('.'));
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> k_groups = {{{"server", "Server"},
                                                                                      {"fetch", "Downloads"},
                                                                                      {"engines", "Engines"},
                                                                                      {"image", "Image models"},
                                                                                      {"output", "Output"},
                                                                                      {"worker", "Worker"}}};
  if (room == command.name) return "Options";
  for (const auto& [key, title] : k_groups) {
    if (key == room) return std::string(title);
  }
  return "Options";
}

}  // namespace eai::cli
