#include "cli/environment_keys.h"

#include <algorithm>

namespace eai::cli {
namespace {

std::string_view value_of(const char* name, const Environment& environment) {
  const char* value = environment(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Result<std::string> key_from_environment(const char* name, const Environment& environment) {
  std::string_view key = value_of(name, environment);
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!key.empty() && is_blank(key.front())) key.remove_prefix(1);
  while (!key.empty() && is_blank(key.back())) key.remove_suffix(1);
  if (std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; })) return std::string(key);
  return fail(Code::invalid,
              std::string(name) + " contains characters that no key has, such as a space or a line break");
}

Result<std::string> login_from_environment(const char* name, const Environment& environment) {
  std::string_view login = value_of(name, environment);
  while (login.ends_with('\n') || login.ends_with('\r')) login.remove_suffix(1);
  const bool clean =
      std::none_of(login.begin(), login.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (login.empty() || (clean && login.find(':') != login.npos && !login.starts_with(':'))) return std::string(login);
  return fail(Code::invalid, std::string(name) + " is not of the form <user>:<password>");
}

}  // namespace eai::cli
