// `eai config`
#include <cstdlib>

#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/config_edit.h"
#include "cli/config_file.h"
#include "library/running.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view k_words = "say what to do: get <key>, set <key> <value>, unset <key>, edit, list, or path";

fs::path file_of(const Context& context) { return context.folders.configuration / "config.toml"; }

std::string words_of(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  if (const auto* list = value.if_array()) {
    std::string out;
    for (const json::value& item : *list) out += (out.empty() ? "" : ", ") + std::string(item.as_string());
    return out;
  }
  return json::serialize(value);
}

ShownSetting shown(const Context& context, const Setting& setting, const Config& file_alone) {
  return shown_setting(setting, context.config, file_alone, std::getenv);
}

Result<Config> file_alone(const Context& context) {
  const auto nothing = [](const char*) -> const char* { return nullptr; };
  return load_config(file_of(context), nothing, {});
}

Result<int> get(Context& context, const std::vector<std::string>& keys) {
  if (keys.size() != 1) return fail(Code::invalid, "say which setting: eai config get <key>");
  EAI_TRY(const Setting* setting, known_setting(keys.front()));
  EAI_TRY(const Config alone, file_alone(context));
  const ShownSetting now = shown(context, *setting, alone);
  context.out.event(json::object{{"key", setting->key}, {"value", now.value}, {"from", now.from}});
  context.out.line(printable(words_of(now.value), 4000));
  return 0;
}

Result<int> list(Context& context) {
  EAI_TRY(const Config alone, file_alone(context));
  std::vector<std::vector<std::string>> rows;
  for (const Setting& setting : settings()) {
    const ShownSetting now = shown(context, setting, alone);
    context.out.event(json::object{{"key", setting.key}, {"value", now.value}, {"from", now.from}});
    rows.push_back({std::string(setting.key), words_of(now.value), now.from});
  }
  if (!context.out.json()) context.out.table({"KEY", "VALUE", "FROM"}, rows, 1);
  return 0;
}

// What a server that runs knows of it.
void tell_running(Context& context) {
  const auto server = library::running_server(context.folders);
  if (!server || !*server) return;
  library::tell_server(context.folders);
  context.out.note("The running server reads it again; host, port and certificate change when it is started anew.");
}

Result<int> change(Context& context, const Setting& setting, Result<void> done) {
  EAI_CHECK(std::move(done));
  context.out.event(json::object{{"event", "changed"}, {"key", setting.key}, {"file", file_of(context).string()}});
  const char* variable = std::getenv(std::string(setting.variable).c_str());
  if (variable != nullptr && *variable != '\0')
    context.out.note("The variable " + std::string(setting.variable) + " is set, and beats the file.");
  tell_running(context);
  return 0;
}

Result<int> set(Context& context, const std::vector<std::string>& words) {
  if (words.size() < 2) return fail(Code::invalid, "say what to set: eai config set <key> <value>");
  EAI_TRY(const Setting* setting, known_setting(words.front()));
  return change(context, *setting, set_in_file(file_of(context), *setting, {words.begin() + 1, words.end()}));
}

Result<int> unset(Context& context, const std::vector<std::string>& keys) {
  if (keys.size() != 1) return fail(Code::invalid, "say which setting: eai config unset <key>");
  EAI_TRY(const Setting* setting, known_setting(keys.front()));
  return change(context, *setting, unset_in_file(file_of(context), *setting));
}

Result<int> edit(Context& context) {
  EAI_TRY(const Edit done, edit_configuration(context, file_of(context)));
  const bool changed = done == Edit::changed;
  context.out.event(json::object{{"event", changed ? "changed" : "unchanged"}, {"file", file_of(context).string()}});
  if (!changed) {
    context.out.note("Nothing was changed.");
    return 0;
  }
  context.out.note("Changed " + printable(file_of(context).string(), 4096));
  tell_running(context);
  return 0;
}

}  // namespace

Result<int> config(Context& context) {
  std::vector<std::string> words = context.words.list;
  if (words.empty()) return fail(Code::invalid, std::string(k_words));
  const std::string verb = words.front();
  words.erase(words.begin());
  if (verb == "get") return get(context, words);
  if (verb == "set") return set(context, words);
  if (verb == "unset") return unset(context, words);
  if (verb == "edit" && words.empty()) return edit(context);
  if (verb == "list" && words.empty()) return list(context);
  if (verb == "path" && words.empty()) {
    context.out.event(json::object{{"path", file_of(context).string()}});
    context.out.line(file_of(context).string());
    return 0;
  }
  return fail(Code::invalid,
              "\"" + printable(verb, 60) + "\" is nothing that eai config does; " + std::string(k_words));
}

}  // namespace eai::cli
