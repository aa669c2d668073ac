#include "cli/config.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include <sys/stat.h>

#include "cli/model_settings.h"
#include "util/own_folder.h"
#include "util/shown_text.h"
#include "util/text.h"
#include "util/toml_file.h"

namespace eai::cli {
namespace {

std::string quoted(std::string_view text) { return "\"" + printable(text) + "\""; }

std::string listed(std::vector<std::string_view> words) {
  std::string out;
  std::erase(words, "");
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

std::optional<bool> parse_bool(std::string_view text) {
  for (std::string_view yes : {"1", "true", "yes", "on"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"0", "false", "no", "off"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::optional<ByteSize> parse_size(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 9> units = {{{"KiB", k_kib},
                                                                                {"MiB", k_mib},
                                                                                {"GiB", k_gib},
                                                                                {"kB", 1000},
                                                                                {"KB", 1000},
                                                                                {"MB", 1'000'000},
                                                                                {"GB", 1'000'000'000},
                                                                                {"TB", 1'000'000'000'000},
                                                                                {"B", 1}}};
  std::uint64_t factor = 1;
  for (const auto& [unit, size] : units) {
    if (!text.ends_with(unit)) continue;
    text.remove_suffix(unit.size());
    if (text.ends_with(' ')) text.remove_suffix(1);
    factor = size;
    break;
  }
  auto number = parse_u64(text);
  if (!number || *number > UINT64_MAX / factor) return std::nullopt;
  return ByteSize{*number * factor};
}

// "a, b" → a and b.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!word.empty()) out.emplace_back(word);
  }
  return out;
}

std::string what_is_allowed(const Setting& setting) {
  if (!setting.choices.empty()) return listed(setting.choices);
  struct Say {
    const Setting& setting;
    std::string operator()(const Field<std::string>&) const { return "a string"; }
    std::string operator()(const Field<std::uint64_t>&) const {
      return "a whole number from " + std::to_string(setting.lowest) + " to " + std::to_string(setting.highest);
    }
    std::string operator()(const Field<bool>&) const { return "true or false"; }
    std::string operator()(const Field<std::vector<std::string>>&) const { return "a list of strings"; }
    std::string operator()(const Field<ByteSize>&) const { return "a size such as \"24GB\""; }
  };
  return std::visit(Say{setting}, setting.place);
}

bool fits(const Setting& setting, std::uint64_t number) {
  return number >= setting.lowest && number <= setting.highest;
}
bool fits(const Setting& setting, const std::string& text) {
  return setting.choices.empty() ||
         std::find(setting.choices.begin(), setting.choices.end(), text) != setting.choices.end();
}

// False if the setting does not accept this text.
bool assign(Config& config, const Setting& setting, std::string_view text) {
  return std::visit(
      [&]<typename Value>(const Field<Value>& field) {
        if constexpr (std::is_same_v<Value, std::string>) {
          field(config) = std::string(text);
          return fits(setting, field(config));
        } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
          field(config) = split(text);
          return true;
        } else {
          auto parsed = [&] {
            if constexpr (std::is_same_v<Value, bool>) return parse_bool(text);
            if constexpr (std::is_same_v<Value, ByteSize>) return parse_size(text);
            if constexpr (std::is_same_v<Value, std::uint64_t>) return parse_u64(text);
          }();
          if (!parsed) return false;
          field(config) = *parsed;
          if constexpr (std::is_same_v<Value, std::uint64_t>) return fits(setting, *parsed);
          return true;
        }
      },
      setting.place);
}

// Puts each text of a list into the form in which it is kept.
Result<void> make_canonical(Config& config, const Setting& setting) {
  const auto* list = std::get_if<Field<std::vector<std::string>>>(&setting.place);
  if (list == nullptr || setting.canonical == nullptr) return {};
  for (std::string& text : (*list)(config)) {
    EAI_TRY(text, setting.canonical(text));
  }
  return {};
}

// The same from a TOML value, whose type must fit; a size may also be a number.
bool assign(Config& config, const Setting& setting, const TomlEntry& entry) {
  return std::visit(
      [&]<typename Value>(const Field<Value>& field) {
        const auto* number = std::get_if<std::int64_t>(&entry.value);
        if constexpr (std::is_same_v<Value, std::uint64_t> || std::is_same_v<Value, ByteSize>) {
          if (number != nullptr) return *number >= 0 && assign(config, setting, std::to_string(*number));
        }
        if constexpr (std::is_same_v<Value, std::string> || std::is_same_v<Value, ByteSize>) {
          const auto* text = std::get_if<std::string>(&entry.value);
          return text != nullptr && assign(config, setting, *text);
        } else if constexpr (std::is_same_v<Value, std::uint64_t>) {
          return false;
        } else {
          const auto* value = std::get_if<Value>(&entry.value);
          if (value != nullptr) field(config) = *value;
          return value != nullptr;
        }
      },
      setting.place);
}

// What names an address must not hold a secret: it would end up in errors, logs and the list of processes.
Result<void> check_no_login(const Setting& setting, std::string_view text, std::string_view where) {
  const bool is_address = setting.value_name == "URL" || setting.value_name == "HOME";
  return is_address && has_login(text) ? Result<void>(refuse_login(where)) : Result<void>();
}

Result<void> check_no_login(const Setting& setting, const TomlEntry& entry) {
  if (const auto* text = std::get_if<std::string>(&entry.value)) return check_no_login(setting, *text, entry.key());
  if (const auto* list = std::get_if<std::vector<std::string>>(&entry.value)) {
    for (const std::string& text : *list) EAI_CHECK(check_no_login(setting, text, entry.key()));
  }
  return {};
}

Failure unknown_key(const fs::path& file, const TomlEntry& entry) {
  std::vector<std::string> keys;
  for (const Setting& setting : settings()) keys.emplace_back(setting.key);
  std::string message = "unknown key " + entry.key();
  auto near = near_names(entry.key(), keys);
  if (near.empty()) {  // perhaps the right name in the wrong table
    for (const std::string& key : keys) {
      if (key.ends_with("." + entry.path.back())) near.push_back(key);
    }
  }
  if (!near.empty()) message += "; did you mean " + near.front() + "?";
  return fail_at(file, entry.line, message);
}

// Nobody but its owner may read a file with keys, and that is this user or root.
Result<void> check_private(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return fail_errno(file.string(), errno);
  if (is_in_foreign_hands(info)) {
    return fail(Code::invalid, file.string() + " contains API keys and belongs to another user (" +
                                   std::to_string(info.st_uid) + "); make a copy of your own with mode 600");
  }
  if ((info.st_mode & 077) == 0) return {};
  return fail(Code::invalid,
              file.string() + " contains API keys and can be read by others; run `chmod 600 " + file.string() + "`");
}

// One key per line; empty lines and lines that begin with # are skipped.
Result<void> read_key_file(Config& config) {
  if (config.server.api_key_file.empty()) return {};
  const fs::path file = config.server.api_key_file;
  EAI_CHECK(check_private(file));
  EAI_TRY(const Bytes bytes, read_file(file, k_mib));
  std::string_view text = text_of(bytes);
  std::size_t found = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    config.server.api_keys.emplace_back(line);
    ++found;
  }
  if (found == 0) return fail(Code::invalid, file.string() + " contains no API key; put one on each line");
  return {};
}

Result<void> apply_file(Config& config, const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return {};
  EAI_TRY(auto entries, read_toml(file));
  for (const TomlEntry& entry : entries) {
    if (entry.path.front() == "models") {
      EAI_CHECK(set_model_setting(config.models, file, entry));
      continue;
    }
    const Setting* setting = find_setting(entry.key());
    if (setting == nullptr) return unknown_key(file, entry);
    if (const auto checked = check_no_login(*setting, entry); !checked) {
      return fail_at(file, entry.line, checked.error().message);
    }
    if (!assign(config, *setting, entry)) {
      return fail_at(file, entry.line, entry.key() + " must be " + what_is_allowed(*setting));
    }
    if (auto good = make_canonical(config, *setting); !good)
      return fail_at(file, entry.line, entry.key() + ": " + good.error().message);
    if (setting->key == "server.api_keys") EAI_CHECK(check_private(file));
  }
  return {};
}

// A variable or an option applies to every model.
void forget_for_models(Config& config, std::string_view key) {
  for (ModelSettings& model : config.models) {
    if (key == "server.context_length") model.context_length.reset();
    if (key == "server.parallel") model.parallel.reset();
    if (key == "server.idle_timeout") model.idle_timeout.reset();
  }
}

}  // namespace

Result<void> set_from_text(Config& config, const Setting& setting, std::string_view text, std::string_view where) {
  EAI_CHECK(check_no_login(setting, text, where));
  if (assign(config, setting, text)) {
    auto good = make_canonical(config, setting);
    if (!good) return Failure(std::move(good).error().with(std::string(where)));
    return {};
  }
  return fail(Code::invalid, std::string(where) + " is " + quoted(text) + ", but must be " + what_is_allowed(setting));
}

Result<void> set_from_texts(Config& config, const Setting& setting, const std::vector<std::string>& values,
                            std::string_view where) {
  if (const auto* list = std::get_if<Field<std::vector<std::string>>>(&setting.place)) {
    for (const std::string& value : values) EAI_CHECK(check_no_login(setting, value, where));
    (*list)(config) = values;
    auto good = make_canonical(config, setting);
    if (!good) return Failure(std::move(good).error().with(std::string(where)));
    return {};
  }
  return set_from_text(config, setting, values.empty() ? "" : values.back(), where);
}

Result<Config> load_config(const fs::path& file, const Environment& environment, const Given& given) {
  Config config;
  EAI_CHECK(apply_file(config, file));
  for (const Setting& setting : settings()) {
    const char* value = environment(std::string(setting.variable).c_str());
    const bool in_environment = value != nullptr && *value != '\0';
    if (in_environment) EAI_CHECK(set_from_text(config, setting, value, setting.variable));
    auto it = given.find(setting.key);
    if (it != given.end()) EAI_CHECK(set_from_texts(config, setting, it->second, setting.long_option()));
    if (in_environment || it != given.end()) forget_for_models(config, setting.key);
  }
  EAI_CHECK(read_key_file(config));
  return config;
}

}  // namespace eai::cli
