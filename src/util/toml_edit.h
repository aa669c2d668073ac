// Why: a program that changes a setting for its user must leave their comments, their order and everything else of the
// file as it is.
// Thread: any; pure functions.
// What holds: the text that comes out is TOML and means the same as before, except for the one key. An edit that cannot
// be made like that is refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace eai {

using TomlPath = std::vector<std::string>;  // {"server", "port"}

// A value as it is written: "text", ["a", "b"].
std::string toml_literal(std::string_view text);
std::string toml_literal(const std::vector<std::string>& texts);

// The text with `key = literal` where the key stands, in its table, or in a new table at the end. The path has two
// parts. Code::invalid: the text or the literal is not TOML (with the line); Code::unsupported: it stands where it cannot
// be changed safely, inside of an inline table for example.
Result<std::string> with_toml_value(std::string_view text, const TomlPath& path, std::string_view literal);

// The text without the key and its value; the same text if it is not there. Errors as above.
Result<std::string> without_toml_value(std::string_view text, const TomlPath& path);

}  // namespace eai
