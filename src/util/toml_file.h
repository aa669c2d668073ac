// Why: configuration and catalog are TOML files. The heavy parser is included here and in toml_edit only; everything else
// gets plain values, each with the line that it came from.
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "util/file.h"
#include "util/result.h"

namespace eai {

struct TomlEntry {
  std::vector<std::string> path;  // {"server", "port"}
  std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>> value;
  std::uint32_t line = 0;
  std::string key() const;  // "server.port"
};

// Every value in the file, with tables flattened, in the order of the keys. Code::not_found: there is no such file.
// The file must be one that open_believable opens.
// Code::invalid: the file is not TOML, has a date or an array of anything other than strings, or is larger than 1 MiB;
// the error names the file and the line.
Result<std::vector<TomlEntry>> read_toml(const fs::path& file);

// "<file>, line <n>: <what>", Code::invalid.
Failure fail_at(const fs::path& file, std::uint32_t line, std::string_view what);

}  // namespace eai
