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

}  // namespace

std::shared_ptr<CLI::Formatter> help_formatter(std::size_t columns) {
  return std::make_shared<Wrapping>(columns == 0 ? k_no_terminal : std::clamp(columns, k_narrowest, k_widest));
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
