#include "util/json_fields.h"

namespace eai {

namespace json = boost::json;

std::string text_in(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::uint64_t> known_number_in(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  boost::system::error_code wrong;
  const auto number = value->to_number<std::uint64_t>(wrong);
  return wrong ? std::nullopt : std::optional(number);
}

std::uint64_t number_in(const json::object& from, std::string_view name) {
  return known_number_in(from, name).value_or(0);
}

double real_in(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  boost::system::error_code wrong;
  const double number = value == nullptr || !value->is_number() ? 0 : value->to_number<double>(wrong);
  return wrong ? 0 : number;
}

bool truth_in(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object* object_in(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

}  // namespace eai
