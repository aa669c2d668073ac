// Why: a row of the settings' table is written as one short call. To add a setting, add a field to its section's struct
// (cli/sections.h) and a row to that section's table (cli/settings_<section>.cc).
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/config.h"

namespace eai::cli {

// What a row may say besides its names and its help; see Setting.
struct Rules {
  std::uint64_t lowest = 0, highest = UINT64_MAX;
  std::vector<std::string_view> choices = {};
  std::string_view value_name = {};
  std::string_view usual = {};
  Result<std::string> (*canonical)(std::string_view) = nullptr;
};

// Makes rows for one section of Config.
template <typename Section>
class Rows {
 public:
  explicit constexpr Rows(Section Config::*section) : section_(section) {}

  Setting text(std::string_view key, std::string_view variable, std::string_view option, std::string Section::*field,
               std::string_view help, Rules rules = {}) const {
    return row(key, variable, option, field, help, std::move(rules));
  }
  Setting number(std::string_view key, std::string_view variable, std::string_view option,
                 std::uint64_t Section::*field, std::string_view help, Rules rules) const {
    if (rules.value_name.empty()) rules.value_name = "NUMBER";
    return row(key, variable, option, field, help, std::move(rules));
  }
  Setting flag(std::string_view key, std::string_view variable, std::string_view option, bool Section::*field,
               std::string_view help) const {
    return row(key, variable, option, field, help, {});
  }
  Setting list(std::string_view key, std::string_view variable, std::string_view option,
               std::vector<std::string> Section::*field, std::string_view help, Rules rules = {}) const {
    return row(key, variable, option, field, help, std::move(rules));
  }
  Setting size(std::string_view key, std::string_view variable, std::string_view option, ByteSize Section::*field,
               std::string_view help) const {
    return row(key, variable, option, field, help, {.value_name = "SIZE"});
  }

 private:
  template <typename Value>
  Setting row(std::string_view key, std::string_view variable, std::string_view option, Value Section::*field,
              std::string_view help, Rules rules) const {
    Field<Value> place = [section = section_, field](Config& config) -> Value& { return config.*section.*field; };
    return {.key = key,
            .variable = variable,
            .option = option,
            .help = help,
            .place = std::move(place),
            .lowest = rules.lowest,
            .highest = rules.highest,
            .choices = std::move(rules.choices),
            .value_name = rules.value_name,
            .usual = rules.usual,
            .canonical = rules.canonical};
  }

  Section Config::*section_;
};

// "box.example" of "http://Box.Example:8080/": a Host header is compared without its port.
Result<std::string> canonical_host(std::string_view text);

std::vector<Setting> server_settings();
std::vector<Setting> fetch_settings();
std::vector<Setting> share_settings();
std::vector<Setting> engines_settings();
std::vector<Setting> worker_settings();
std::vector<Setting> list_settings();
std::vector<Setting> show_settings();
std::vector<Setting> status_settings();
std::vector<Setting> remove_settings();
std::vector<Setting> job_settings();
std::vector<Setting> download_settings();
std::vector<Setting> export_settings();
std::vector<Setting> import_settings();
std::vector<Setting> repair_settings();
std::vector<Setting> preserve_settings();
std::vector<Setting> audit_settings();
std::vector<Setting> estimate_settings();
std::vector<Setting> logs_settings();
std::vector<Setting> image_settings();
std::vector<Setting> chat_settings();
std::vector<Setting> embed_settings();
std::vector<Setting> doctor_settings();
std::vector<Setting> bench_settings();
std::vector<Setting> output_settings();

}  // namespace eai::cli
