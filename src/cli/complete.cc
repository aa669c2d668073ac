#include "cli/complete.h"

#include <algorithm>
#include <set>

#include "cli/commands.h"
#include "cli/config.h"
#include "cli/json_schema.h"
#include "cli/overview.h"
#include "cli/topics.h"

namespace eai::cli {
namespace {

using Paths = Offers::Paths;

// One setting's options: "-q", "--quiet"; of "--keep,!--no-keep" both.
std::vector<std::string> spellings(const Setting& setting) {
  std::vector<std::string> out;
  std::string_view text = setting.option;
  while (!text.empty()) {
    std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (one.starts_with('!')) one.remove_prefix(1);
    out.emplace_back(one);
  }
  return out;
}

// What the words before the last one say.
struct Typed {
  const Command* command = nullptr;
  std::vector<std::string> arguments;  // that are no options and no values of options
  const Setting* awaits = nullptr;     // the option before the last word, which takes it as its value
  bool awaits_hash = false;
  bool options_ended = false;  // by "--"
};

const Setting* setting_of(const Command& command, std::string_view option) {
  for (const std::string_view key : command.options) {
    const Setting* setting = find_setting(key);
    for (const std::string& spelling : spellings(*setting))
      if (spelling == option) return setting;
  }
  return nullptr;
}

class Completer {
 public:
  Completer(const std::vector<std::string>& words, const ModelNames& names)
      : words_(words), last_(words.back()), names_(names) {}

  Offers run() {
    std::size_t at = 0;
    if (words_.size() == 1) {
      first_words();
      return std::move(out_);
    }
    const bool at_top = words_[0] != "model";
    if (!at_top) at = 1;
    if (!at_top && words_.size() == 2) {
      commands_below_model();
      return std::move(out_);
    }
    for (const Command& one : commands())
      if (one.is_called(words_[at], at_top)) typed_.command = &one;
    if (typed_.command == nullptr) return std::move(out_);
    read(at + 1);
    offer();
    return std::move(out_);
  }

 private:
  void add(std::string_view word, std::string_view says) {
    std::string whole = before_ + std::string(word);
    if (!whole.starts_with(last_) || !is_plain(whole) || !seen_.insert(whole).second) return;
    out_.words.push_back({std::move(whole), std::string(says)});
  }
  // No shell takes it for anything but itself.
  static bool is_plain(std::string_view word) {
    return std::ranges::all_of(word, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("-_.,:=/+@").find(c) != std::string_view::npos;
    });
  }

  void first_words() {
    for (const CommandGroup& group : command_groups()) {
      for (const Command* command : group.commands) {
        if (command->top) add(command->name, command->help);
        if (!command->short_word.empty()) add(command->short_word, command->help);
      }
    }
    add("model", "Run, download and manage models");
    if (last_.starts_with('-')) {
      add("--help", "Print the commands");
      add("--version", "Print the version");
    }
  }

  void commands_below_model() {
    for (const CommandGroup& group : command_groups()) {
      for (const Command* command : group.commands)
        if (!command->top) add(command->name, command->help);
    }
    if (last_.starts_with('-')) add("--help", "Print the commands");
  }

  void read(std::size_t from) {
    for (std::size_t i = from; i + 1 < words_.size(); ++i) {
      const std::string& word = words_[i];
      const bool is_value = typed_.awaits != nullptr || typed_.awaits_hash;
      typed_.awaits = nullptr;
      typed_.awaits_hash = false;
      if (is_value) continue;
      if (typed_.options_ended || !word.starts_with('-') || word == "-") {
        typed_.arguments.push_back(word);
      } else if (word == "--") {
        typed_.options_ended = true;
      } else if (word == "--hash") {
        typed_.awaits_hash = typed_.command->takes == Command::Takes::models;
      } else if (const Setting* setting = setting_of(*typed_.command, word)) {
        if (!setting->is<bool>()) typed_.awaits = setting;
      }
    }
  }

  void offer() {
    if (typed_.awaits_hash) return;
    if (typed_.awaits != nullptr) return value_of(*typed_.awaits);
    if (typed_.options_ended || !last_.starts_with('-') || last_ == "-") argument();
    if (typed_.options_ended || !last_.starts_with('-')) return;
    const std::size_t equals = last_.find('=');
    if (equals == std::string::npos) return options();
    const Setting* setting = setting_of(*typed_.command, last_.substr(0, equals));
    if (setting == nullptr) return;
    before_ = last_.substr(0, equals + 1);
    if (setting->key == "output.json") return fields();
    if (!setting->is<bool>()) value_of(*setting);
  }

  void options() {
    for (const std::string_view key : typed_.command->options) {
      const Setting& setting = *find_setting(key);
      for (const std::string& spelling : spellings(setting)) {
        if (spelling.starts_with("--")) add(spelling, setting.help);
      }
      if (key == "output.json") add("--json=", "Print only these fields as JSON");
    }
    if (typed_.command->takes == Command::Takes::models) add("--hash", "Hashes (CIDs), separated by commas");
    add("--help", "Print the options");
  }

  // What stands before the last comma is done.
  std::set<std::string> begin_list() {
    std::set<std::string> done;
    const std::string text = last_.substr(before_.size());
    const std::size_t comma = text.rfind(',');
    if (comma == std::string::npos) return done;
    for (std::size_t at = 0; at <= comma;) {
      const std::size_t end = text.find(',', at);
      done.insert(text.substr(at, end - at));
      at = end + 1;
    }
    before_ += text.substr(0, comma + 1);
    return done;
  }

  void fields() {
    const auto done = begin_list();
    for (const std::string& field : json_fields(*typed_.command).fields)
      if (!done.contains(field)) add(field, "");
  }

  void value_of(const Setting& setting) {
    for (const std::string_view choice : setting.choices)
      if (!choice.empty()) add(choice, "");
    if (setting.is<bool>())
      for (const char* one : {"true", "false"}) add(one, "");
    const std::string_view takes = setting.value_name;
    if (takes == "MODEL") models({&names_.here, &names_.known});
    if (takes == "FILE" || takes == "PATH" || takes == "PROGRAM" || takes == "SOURCE") out_.paths = Paths::files;
    if (takes == "FOLDER") out_.paths = Paths::folders;
  }

  void models(std::initializer_list<const std::function<std::vector<Offer>()>*> sources) {
    auto done = begin_list();
    done.insert(typed_.arguments.begin(), typed_.arguments.end());
    for (const auto* source : sources) {
      if (!*source) continue;
      for (const Offer& one : (*source)())
        if (!done.contains(one.word)) add(one.word, one.says);
    }
  }

  void argument() {
    const std::string_view page = typed_.command->name;
    switch (typed_.command->takes) {
      case Command::Takes::nothing:
        return;
      case Command::Takes::folder:
        if (typed_.arguments.empty()) out_.paths = Paths::folders;
        return;
      case Command::Takes::paths:
        out_.paths = Paths::files;
        return;
      case Command::Takes::model_and_text:
        if (typed_.arguments.empty()) models({&names_.here, &names_.known});
        return;
      case Command::Takes::models:
        return models_of(page);
      case Command::Takes::text:
        return text(page);
    }
  }

  void models_of(std::string_view name) {
    if (name == "stop") return models({&names_.loaded});
    if (name == "remove" || name == "repair") return models({&names_.here, &names_.left});
    if (name == "run" || name == "download" || name == "bench") return models({&names_.here, &names_.known});
    if (name == "estimate") out_.paths = Paths::files;
    models({&names_.here});
  }

  void text(std::string_view name) {
    const std::vector<std::string>& done = typed_.arguments;
    if (name == "alias" && done.empty()) models({&names_.here, &names_.known});
    if (name == "completion" && done.empty())
      for (const char* shell : {"bash", "zsh", "fish"}) add(shell, "");
    if (name == "help") help_words();
    if (name == "config") config_words();
    if (name == "jobs" && done.empty())
      for (const char* verb : {"list", "watch", "pause", "resume", "cancel", "forget"}) add(verb, "");
  }

  void help_words() {
    const std::vector<std::string>& done = typed_.arguments;
    if (done.empty()) {
      for (const Topic& topic : topics()) add(topic.name, topic.about);
      first_words();
    } else if (done.size() == 1 && done[0] == "model") {
      commands_below_model();
    }
  }

  void config_words() {
    const std::vector<std::string>& done = typed_.arguments;
    if (done.empty()) {
      add("get", "Print a setting");
      add("set", "Write a setting into config.toml");
      add("unset", "Take a setting out of config.toml");
      add("edit", "Open config.toml in your editor");
      add("list", "Print all settings, and where each is from");
      add("path", "Print where config.toml is");
    } else if (done.size() == 1 && (done[0] == "get" || done[0] == "set" || done[0] == "unset")) {
      for (const Setting& setting : settings()) add(setting.key, setting.help);
    } else if (done.size() == 2 && done[0] == "set") {
      if (const Setting* setting = find_setting(done[1])) value_of(*setting);
    }
  }

  const std::vector<std::string>& words_;
  const std::string& last_;
  const ModelNames& names_;
  Typed typed_;
  std::string before_;  // what of the last word is settled
  std::set<std::string> seen_;
  Offers out_;
};

}  // namespace

Offers offers_for(const std::vector<std::string>& words, const ModelNames& names) {
  return words.empty() ? Offers() : Completer(words, names).run();
}

std::vector<std::string> joined_by_bash(const std::vector<std::string>& split) {
  std::vector<std::string> out;
  bool glue = false;
  for (const std::string& word : split) {
    const bool is_break = word == "=" || word == ":";
    if (!out.empty() && (is_break || glue)) {
      out.back() += word;
    } else {
      out.push_back(word);
    }
    glue = is_break;
  }
  return out;
}

void cut_for_bash(Offers& offers, std::string_view joined, std::string_view last) {
  const std::size_t settled = last == "=" || last == ":" ? joined.size() : joined.size() - last.size();
  for (Offer& offer : offers.words) offer.word.erase(0, settled);
}

}  // namespace eai::cli
