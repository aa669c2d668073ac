#include "util/result.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace eai {

Failure fail_errno(std::string_view what, int error_number) {
  Code code = error_number == ENOENT ? Code::not_found : Code::io;
  return fail(code, std::string(what) + ": " + std::generic_category().message(error_number));
}

namespace {

constexpr std::array<std::pair<Code, std::string_view>, 9> k_names = {{
    {Code::not_found, "not_found"},
    {Code::corrupt, "corrupt"},
    {Code::invalid, "invalid"},
    {Code::io, "io"},
    {Code::network, "network"},
    {Code::timeout, "timeout"},
    {Code::busy, "busy"},
    {Code::unsupported, "unsupported"},
    {Code::cancelled, "cancelled"},
}};

}  // namespace

std::string_view name_of(Code code) {
  for (const auto& [each, name] : k_names) {
    if (each == code) return name;
  }
  return "invalid";
}

std::optional<Code> parse_code(std::string_view text) {
  for (const auto& [code, name] : k_names) {
    if (name == text) return code;
  }
  return std::nullopt;
}

}  // namespace eai
