#include "util/hint.h"

#include <array>
#include <utility>

namespace eai {
namespace {

constexpr std::array<std::pair<Hint, std::string_view>, 27> k_names = {{
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
    {Hint::served_model, "served_model"},
    {Hint::download_model, "download_model"},
    {Hint::repair_model, "repair_model"},
    {Hint::download_or_file, "download_or_file"},
    {Hint::list_names, "list_names"},
    {Hint::list_models, "list_models"},
    {Hint::llama_engine, "llama_engine"},
    {Hint::image_engine, "image_engine"},
    {Hint::go_online, "go_online"},
    {Hint::more_gateways, "more_gateways"},
    {Hint::try_again, "try_again"},
    {Hint::car_home, "car_home"},
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
