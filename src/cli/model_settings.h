// Why: what a user sets for one model alone, in config.toml:
//   [models."qwen3-8b"]              a name, or a hash
//   context_length = 16384
//   engine_options = ["--temp", "0.6"]
// Thread: any; plain values, but for find_model_settings (reads nothing but the open library).
// What holds: every key of such a table is in model_keys(); engine options are on the list of those that may be set. An
// error names file and line.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/toml_file.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

struct ModelSettings {
  std::string model;                            // as written: a name or a hash
  std::optional<std::uint64_t> context_length;  // these three replace the server's
  std::optional<std::uint64_t> parallel;
  std::optional<std::uint64_t> idle_timeout;  // seconds
  bool pinned = false;
  std::vector<std::string> lora;            // as written: a GGUF file, a name or a hash; with ":0.5" a scale
  std::string draft;                        // the same, without a scale
  std::vector<std::string> engine_options;  // of llama-server

  fs::path file;                               // config.toml
  std::map<std::string, std::uint32_t> lines;  // by key
  // Code::invalid: "<file>, line <of the key>: <what>".
  Failure fail_at_key(const std::string& key, std::string_view what) const;
};

struct ModelKey {
  std::string_view key;  // "context_length"
  std::string_view help;
};
std::span<const ModelKey> model_keys();

// Takes an entry whose path begins with "models".
Result<void> set_model_setting(std::vector<ModelSettings>& all, const fs::path& file, const TomlEntry& entry);

// A file, or a model by name or hash, with ":<scale>" behind it.
struct ScaledFile {
  std::string name;
  double scale = 1;
};
std::optional<ScaledFile> parse_lora(std::string_view text);

}  // namespace eai::cli
