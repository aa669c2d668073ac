#include "cli/command_line.h"

#include <algorithm>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/help.h"
#include "cli/overview.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::string_view k_json = "output.json";

// What CLI11 fills in while it parses.
struct Slots {
  std::vector<std::string> models, hashes, paths, text;
  std::string folder, model, json;
  int ready_fd = -1;
  std::map<std::string_view, std::vector<std::string>> values;
  std::map<std::string_view, bool> flags;
};

void add_setting(CLI::App& app, const Setting& setting, const Command& command, Slots& slots) {
  const std::string option(setting.option), help = help_of(setting), group = group_of(setting, command);
  if (setting.key == k_json) {  // what may stand behind it are fields, see json_schema.h
    app.add_flag(option, slots.json, help)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->group(group);
    return;
  }
  if (setting.is<bool>()) {
    app.add_flag(option, slots.flags[setting.key], help)->group(group);
    return;
  }
  auto* added = app.add_option(option, slots.values[setting.key], help);
  added->group(group);
  added->type_name(std::string(setting.value_name))->expected(1)->allow_extra_args(false);
  bool list = setting.is<std::vector<std::string>>();
  added->multi_option_policy(list ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
}

// Only the command that is called needs its options: those of all of them take longer to describe than it takes to run.
void add_options(CLI::App& app, const Command& command, Slots& slots) {
  const std::string help(command.argument_help);
  if (command.takes == Command::Takes::models) {
    app.add_option("models", slots.models, help)->delimiter(',')->type_name("MODEL...");
    app.add_option("--hash", slots.hashes, "Hashes (CIDs), separated by commas")->delimiter(',')->type_name("HASH,...");
  } else if (command.takes == Command::Takes::folder) {
    app.add_option("folder", slots.folder, help)->type_name("FOLDER");
  } else if (command.takes == Command::Takes::paths) {
    app.add_option("paths", slots.paths, help)->type_name("PATH...");
  } else if (command.takes == Command::Takes::model_and_text) {
    app.add_option("model", slots.model, "Name or hash")->type_name("MODEL");
    app.add_option("text", slots.text, help)->type_name("WORDS...");
  } else if (command.takes == Command::Takes::text) {
    app.add_option("text", slots.text, help)->type_name("WORDS...");
  }
  for (std::string_view key : command.options) add_setting(app, *find_setting(key), command, slots);
  // For the server that a command starts in the background; hidden from users.
  app.add_option("--ready-fd", slots.ready_fd)->group("");
}

// What was called: `eai model <name>`, `eai <name>` or `eai <short word>`.
struct Called {
  const Command* command = nullptr;
  bool at_top = false;
};

Called called_by(int argc, const char* const* argv) {
  const bool at_top = argc < 2 || std::string_view(argv[1]) != "model";
  const int at = at_top ? 1 : 2;
  for (const Command& command : commands())
    if (at < argc && command.is_called(argv[at], at_top)) return {&command, at_top};
  return {};
}

void add_command(CLI::App& parent, std::string_view name, const Command& command, std::string_view alias = {}) {
  CLI::App& app = *parent.add_subcommand(std::string(name), std::string(command.help));
  if (!alias.empty()) app.alias(std::string(alias));
}

void add_commands(CLI::App& app, CLI::App& group) {
  for (const Command& command : commands()) {
    if (!command.short_word.empty()) add_command(app, command.short_word, command);
    add_command(command.top ? app : group, command.name, command, command.alias);
  }
}

std::vector<std::string> command_names(bool at_top) {
  std::vector<std::string> out;
  for (const Command& command : commands()) {
    if (command.top == at_top) out.emplace_back(command.name);
    if (at_top && !command.short_word.empty()) out.emplace_back(command.short_word);
  }
  return out;
}

bool is_command(std::string_view word, bool at_top) {
  return std::ranges::any_of(commands(), [&](const Command& one) { return one.is_called(word, at_top); });
}

Failure wrong_word(std::string_view word, const std::vector<std::string>& known, std::string_view read_on) {
  std::string message = "unknown command \"" + printable(word) + "\"";
  auto near = near_names(word, known, 1);
  if (!near.empty()) message += "; did you mean " + near.front() + "?";
  return fail(Code::invalid, message + (near.empty() ? ". See `" : " See `") + std::string(read_on) + "`");
}

// CLI11's message names the wrong option; this adds similar ones.
Failure wrong_option(const CLI::App& app, std::string message) {
  while (message.ends_with('\n') || message.ends_with('.')) message.pop_back();
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  std::vector<std::string> known;
  for (const CLI::Option* option : deepest->get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (!option->get_group().empty()) known.push_back("--" + name);
    }
  }
  std::string read_on = "eai --help";
  if (deepest != &app)
    read_on = (deepest->get_parent() == &app ? "eai " : "eai model ") + deepest->get_name() + " --help";
  std::size_t at = message.rfind("--");
  auto near = at == std::string::npos ? std::vector<std::string>() : near_names(message.substr(at), known, 1);
  if (!near.empty()) message += "; did you mean " + near.front() + "?";
  return fail(Code::invalid, printable(message, 400) + (near.empty() ? ". See `" : " See `") + read_on + "`");
}

// CLI11's own message for a wrong command says only that it was not expected.
Result<void> check_words(int argc, const char* const* argv) {
  if (argc < 2) return {};
  std::string_view first = argv[1];
  if (first.starts_with('-') || is_command(first, true)) return {};
  if (first != "model") {
    if (is_command(first, false)) return fail(Code::invalid, "the command is `eai model " + std::string(first) + "`");
    std::vector<std::string> known = command_names(true);
    known.emplace_back("model");
    return wrong_word(first, known, "eai --help");
  }
  if (argc < 3) return {};
  std::string_view second = argv[2];
  if (second.starts_with('-') || is_command(second, false)) return {};
  return wrong_word(second, command_names(false), "eai model --help");
}

// CLI11 takes "--json=" for "--json", and both for "--json=true".
std::optional<std::string> json_fields_of(const std::vector<std::string>& typed, const std::string& value) {
  const auto last = std::ranges::find_if(typed.rbegin(), typed.rend(), [](const std::string& word) {
    return word == "--json" || word.starts_with("--json=");
  });
  if (last == typed.rend() || *last == "--json") return std::nullopt;
  return *last == "--json=" ? std::string() : value;
}

void collect(const Command& command, const CLI::App& app, Slots& slots, Parsed& out) {
  out.command = &command;
  out.words.models = std::move(slots.models);
  if (!slots.model.empty()) out.words.models.push_back(std::move(slots.model));
  out.words.hashes = std::move(slots.hashes);
  out.words.folder = std::move(slots.folder);
  out.words.list = slots.text;
  out.words.paths = std::move(slots.paths);
  for (const std::string& word : slots.text) out.words.text += (out.words.text.empty() ? "" : " ") + word;
  out.words.ready_fd = slots.ready_fd;
  for (std::string_view key : command.options) {
    const Setting& setting = *find_setting(key);
    if (app.count(std::string(setting.long_option())) == 0) continue;
    if (key == k_json) {
      out.given[std::string(key)] = {"true"};
      out.words.json_fields = json_fields_of(out.words.all, slots.json);
    } else if (setting.is<bool>()) {
      out.given[std::string(key)] = {slots.flags[key] ? "true" : "false"};
    } else {
      out.given[std::string(key)] = slots.values[key];
    }
  }
}

}  // namespace

Result<Parsed> parse_command_line(int argc, const char* const* argv, std::size_t columns) {
  EAI_CHECK(check_words(argc, argv));
  CLI::App app("", "eai");
  app.formatter(help_formatter(columns));
  bool version = false;
  app.add_flag("--version", version, "Print the version");
  app.set_help_flag("-h,--help", "Print this help");
  CLI::App& group = *app.add_subcommand("model");
  add_commands(app, group);
  const Called called = called_by(argc, argv);
  CLI::App* sub = nullptr;
  Slots slots;
  if (called.command != nullptr) {
    const Command& command = *called.command;
    sub = (called.at_top ? app : group)
              .get_subcommand(std::string(called.at_top && !command.top ? command.short_word : command.name));
    add_options(*sub, command, slots);
    if (const auto examples = examples_of(command); !examples.empty())
      sub->footer("Examples:\n" + example_lines(examples, columns));
  }
  group.require_subcommand(0, 1);
  app.require_subcommand(0, 1);

  Parsed out;
  for (int i = 1; i < argc; ++i) out.words.all.emplace_back(argv[i]);
  try {
    std::vector<std::string> reversed(out.words.all.rbegin(), out.words.all.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    if (sub != nullptr) {
      out.help = without_gaps(sub->help(sub->get_parent() == &app ? "eai" : "eai model"));
    } else {
      out.help = group.parsed() ? model_overview(columns) : overview(columns);
    }
    return out;
  } catch (const CLI::ParseError& error) {
    return wrong_option(app, error.what());
  }
  if (sub != nullptr && sub->parsed()) collect(*called.command, *sub, slots, out);
  if (out.command == nullptr) out.help = group.parsed() ? model_overview(columns) : overview(columns);
  return out;
}

}  // namespace eai::cli
