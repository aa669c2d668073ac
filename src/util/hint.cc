#include "util/hint.h"

#include <array>
#include <utility>

namespace eai {
namespace {

constexpr std::array<std::pair<Hint, std::string_view>, 15> k_names = {{
    {Hint::allow_plain_http, "allow_plain_http"},
    {Hint::shorter_context, "shorter_context"},
    {Hint::smaller_parts, "smaller_parts"},
    {Hint::larger_parts, "larger_parts"},
    {Hint::archive_format, "archive_format"},
    {Hint::embedding_task, "embedding_task"},
    {Hint::image_task, "image_task"},
    {Hint::join_split_model, "join_split_model"},
    {Hint::start_over, "start_over"},
    {Hint::kubo_address, "kubo_address"},
    {Hint::lighthouse_key, "lighthouse_key"},
    {Hint::name_provider, "name_provider"},
    {Hint::set_task, "set_task"},
    {Hint::set_ram, "set_ram"},
    {Hint::stop_server, "stop_server"},
}};

}  // namespace

std::string_view name_of(Hint hint) {
  for (const auto& [each, name] : k_names) {
    if (each == hint) return name;
  }
  return "";
}

Hint parse_hint(std::string_view text) {
  for (const auto& [hint, name] : k_names) {
    if (name == text) return hint;
  }
  return Hint::none;
}

}  // namespace eai
