// Why: reads the settings that config.toml has for one model alone:
//   [models."qwen3-8b"]              a name, or a hash
//   context_length = 16384
//   engine_options = ["--temp", "0.6"]
// Thread: any; pure functions.
// What holds: every key of such a table is in model_keys(), and every engine option is on the list of those that users
// may set. An error names the file and the line.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cli/sections.h"
#include "util/file.h"
#include "util/result.h"
#include "util/toml_file.h"

namespace eai::cli {

struct ModelKey {
  std::string_view key;  // "context_length"
  std::string_view help;
};
std::span<const ModelKey> model_keys();

// Adds to `all` an entry whose path begins with "models".
Result<void> set_model_setting(std::vector<ModelSettings>& all, const fs::path& file, const TomlEntry& entry);

}  // namespace eai::cli
