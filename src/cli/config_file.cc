#include "cli/config_file.h"

#include <boost/json/serialize.hpp>

#include "util/edited_file.h"
#include "util/text.h"
#include "util/toml_edit.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

bool is_secret(const Setting& setting) { return setting.key == "server.api_keys"; }

TomlPath path_of(const Setting& setting) {
  const std::size_t dot = setting.key.find('.');
  return {std::string(setting.key.substr(0, dot)), std::string(setting.key.substr(dot + 1))};
}

json::value json_of(const std::string& value) { return json::value(value); }
json::value json_of(std::uint64_t value) { return value; }
json::value json_of(bool value) { return value; }
json::value json_of(const ByteSize& value) { return value.bytes; }
json::value json_of(const std::vector<std::string>& value) { return json::array(value.begin(), value.end()); }

// The visitor wants a Config that it may change; nothing is.
json::value value_in(const Setting& setting, const Config& config) {
  Config copy = config;
  return std::visit([&](const auto& field) { return json_of(field(copy)); }, setting.place);
}

// How TOML writes what set_from_text() has taken.
std::string literal_of(const Setting& setting, const std::vector<std::string>& values, const Config& taken) {
  if (setting.is<std::vector<std::string>>()) return toml_literal(values);
  if (setting.is<std::uint64_t>() || setting.is<bool>()) return json::serialize(value_in(setting, taken));
  return toml_literal(values.front());
}

}  // namespace

Result<void> replace_configuration(const fs::path& file, const std::string& text) {
  return write_edited(file, text, [&](const fs::path& copy) -> Result<void> {
    const auto nothing = [](const char*) -> const char* { return nullptr; };
    EAI_TRY(const Config config, load_config(copy, nothing, {}));
    std::error_code none;  // it may be a new one
    if (!config.server.api_keys.empty()) fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, none);
    return {};
  });
}

ShownSetting shown_setting(const Setting& setting, const Config& config, const Config& file_alone,
                           const Environment& environment) {
  ShownSetting out{value_in(setting, config), "default"};
  const char* variable = environment(std::string(setting.variable).c_str());
  if (variable != nullptr && *variable != '\0')
    out.from = setting.variable;
  else if (value_in(setting, file_alone) != value_in(setting, Config()))
    out.from = "config.toml";
  if (is_secret(setting)) out.value = "(" + std::to_string(out.value.as_array().size()) + ", not shown)";
  return out;
}

Result<const Setting*> known_setting(std::string_view key) {
  if (const Setting* setting = find_setting(key)) return setting;
  std::vector<std::string> keys;
  for (const Setting& setting : settings()) keys.emplace_back(setting.key);
  std::vector<std::string> near = near_names(key, keys);
  for (const std::string& one : keys)
    if (near.empty() && one.ends_with("." + std::string(key))) near.push_back(one);
  return fail(Code::invalid, "there is no setting \"" + printable(key, 100) + "\"" +
                                 (near.empty() ? "" : "; did you mean " + near.front() + "?"));
}

Result<void> set_in_file(const fs::path& file, const Setting& setting, const std::vector<std::string>& values) {
  const std::string key(setting.key);
  if (is_secret(setting))
    return fail(Code::invalid, key + " is secret and does not belong on a command line; write it into " +
                                   file.string() + ", or name a file with server.api_key_file");
  const bool is_list = setting.is<std::vector<std::string>>();
  if (!is_list && values.size() != 1) return fail(Code::invalid, key + " takes one value");
  Config taken;
  for (const std::string& value : values) EAI_CHECK(set_from_text(taken, setting, value, key));
  EAI_TRY(const std::string before, read_edited(file));
  auto after = with_toml_value(before, path_of(setting), literal_of(setting, values, taken));
  if (!after) return Failure(std::move(after).error().with(file.string()));
  return replace_configuration(file, *after);
}

Result<void> unset_in_file(const fs::path& file, const Setting& setting) {
  EAI_TRY(const std::string before, read_edited(file));
  auto after = without_toml_value(before, path_of(setting));
  if (!after) return Failure(std::move(after).error().with(file.string()));
  return *after == before ? Result<void>() : replace_configuration(file, *after);
}

}  // namespace eai::cli
