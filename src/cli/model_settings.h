// Why: what a user sets for one model alone, in config.toml:
//   [models."qwen3-8b"]              a name, or a hash
//   context_length = 16384
//   engine_options = ["--temp", "0.6"]
// Thread: any; plain values, but for find_model_settings (reads nothing but the open library).
// What holds: every key of such a table is in model_keys(); engine options are on the list of those that may be set. An
// error names file and line.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cli/sections.h"
#include "cli/toml_file.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

struct ModelKey {
  std::string_view key;  // "context_length"
  std::string_view help;
};
std::span<const ModelKey> model_keys();

// Takes an entry whose path begins with "models".
Result<void> set_model_setting(std::vector<ModelSettings>& all, const fs::path& file, const TomlEntry& entry);

}  // namespace eai::cli
