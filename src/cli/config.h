// Why: every setting in one table: its key in config.toml, its EAI_… variable, its option on the command line, what it
// may be and what it does. The order is option, variable, file, default.
// Thread: any; plain values.
// What holds: a wrong value is an error that names where it stands; an unknown key is an error with near names.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/sections.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

struct Config {
  ServerSettings server;
  FetchSettings fetch;
  EngineSettings engines;
  WorkerSettings worker;
  ListSettings list;
  StatusSettings status;
  RemoveSettings remove;
  PreserveSettings preserve;
  AuditSettings audit;
  EstimateSettings estimate;
  LogSettings logs;
  ImageSettings image;
  OutputSettings output;
  std::vector<ModelSettings> models;
};

// Where a value lies.
template <typename Value>
using Field = std::function<Value&(Config&)>;

struct Setting {
  using Place = std::variant<Field<std::string>, Field<std::uint64_t>, Field<bool>, Field<std::vector<std::string>>,
                             Field<ByteSize>>;
  std::string_view key;       // "server.port"
  std::string_view variable;  // "EAI_PORT"
  std::string_view option;    // "--port", "-q,--quiet"; empty: none
  std::string_view help;
  Place place;
  std::uint64_t lowest = 0, highest = UINT64_MAX;  // numbers
  std::vector<std::string_view> choices = {};      // text; empty: any
  std::string_view value_name = {};                // in --help

  template <typename Value>
  bool is() const {
    return std::holds_alternative<Field<Value>>(place);
  }
};

std::span<const Setting> settings();
const Setting* find_setting(std::string_view key);

// Sets one value from text. The error says what is allowed; `where` ("--port", "EAI_PORT") is put before it.
Result<void> set_from_text(Config& config, const Setting& setting, std::string_view text, std::string_view where);

// Values given on the command line, by key; several for a list.
using Given = std::map<std::string, std::vector<std::string>, std::less<>>;
// getenv, or a test's world.
using Environment = std::function<const char*(const char*)>;

// file (may be missing) < environment < given. What is given for all models also beats what the file has for one. Reads the
// file of keys too. Code::invalid also where keys lie in a file that others may read.
Result<Config> load_config(const fs::path& file, const Environment& environment, const Given& given);

}  // namespace eai::cli
