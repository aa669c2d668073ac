// Why: every setting is one row of a table, which says its key in config.toml, its EAI_… variable, its option on the
// command line, the values that it accepts, and what it does.
// Thread: any; plain values.
// What holds: an option beats the variable, the variable beats the file, and the file beats the default. The error for
// a wrong value names the place where it was given; the error for an unknown key suggests keys like it.
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
  ShareSettings share;
  FetchSettings fetch;
  EngineSettings engines;
  WorkerSettings worker;
  ListSettings list;
  ShowSettings show;
  StatusSettings status;
  RemoveSettings remove;
  JobSettings job;
  DownloadSettings download;
  ExportSettings export_to;
  ImportSettings import_from;
  RepairSettings repair;
  PreserveSettings preserve;
  AuditSettings audit;
  EstimateSettings estimate;
  LogSettings logs;
  ImageSettings image;
  ChatSettings chat;
  EmbedSettings embed;
  DoctorSettings doctor;
  BenchSettings bench;
  OutputSettings output;
  std::vector<ModelSettings> models;
};

// Where in a Config the value is.
template <typename Value>
using Field = std::function<Value&(Config&)>;

struct Setting {
  using Place = std::variant<Field<std::string>, Field<std::uint64_t>, Field<bool>, Field<std::vector<std::string>>,
                             Field<ByteSize>>;
  std::string_view key;       // "server.port"
  std::string_view variable;  // "EAI_PORT"
  std::string_view option;    // "--port", "-q,--quiet", "--keep,!--no-keep"; empty: there is none
  std::string_view help;
  Place place;
  std::uint64_t lowest = 0, highest = UINT64_MAX;  // of a number
  std::vector<std::string_view> choices = {};      // of a text; empty: any text
  std::string_view value_name = {};                // for --help
  std::string_view usual = {};                     // what happens by default, if the empty default does not say it
  // Of a list: what each of its texts is kept as, or why it is refused. Null: as it is.
  Result<std::string> (*canonical)(std::string_view) = nullptr;

  // "--quiet" of "-q,--quiet".
  std::string_view long_option() const;

  template <typename Value>
  bool is() const {
    return std::holds_alternative<Field<Value>>(place);
  }
};

std::span<const Setting> settings();
const Setting* find_setting(std::string_view key);

// Sets one value from text. The error begins with `where` ("--port", "EAI_PORT") and says what is allowed.
Result<void> set_from_text(Config& config, const Setting& setting, std::string_view text, std::string_view where);

// The same, for one value or for those of a list. None is split, because the name of a folder may contain a comma.
Result<void> set_from_texts(Config& config, const Setting& setting, const std::vector<std::string>& values,
                            std::string_view where);

// The values given on the command line, by key; a list has several.
using Given = std::map<std::string, std::vector<std::string>, std::less<>>;
// getenv, or what a test puts in its place.
using Environment = std::function<const char*(const char*)>;

// Applies the file (which may be missing), then the environment, then `given`. A variable or an option that applies to all
// models also beats what the file says about one model. Also reads the file of API keys. Code::invalid, among others: API
// keys are in a file that other users can read.
Result<Config> load_config(const fs::path& file, const Environment& environment, const Given& given);

}  // namespace eai::cli
