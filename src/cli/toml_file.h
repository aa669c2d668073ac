// Why: configuration and catalog are TOML; the heavy parser stays in one file, and its readers get plain values with
// the line they came from.
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

struct TomlEntry {
  std::vector<std::string> path;  // {"server", "port"}
  std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>> value;
  std::uint32_t line = 0;
  std::string key() const;  // "server.port"
};

// Every value of the file, tables flattened, in the order of the keys. Code::not_found without a file; Code::invalid
// names file, line and what is wrong (also: dates, arrays of anything but text, more than 1 MiB).
Result<std::vector<TomlEntry>> read_toml(const fs::path& file);

// "<file>, line <n>: <what>", Code::invalid.
Failure fail_at(const fs::path& file, std::uint32_t line, std::string_view what);

}  // namespace eai::cli
