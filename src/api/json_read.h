// Why: what a client or an engine sends is read member by member, and a member that is null is as if absent.
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace eai::api {

// Null if the member is absent or null.
inline boost::json::value* member(boost::json::object& of, std::string_view name) {
  boost::json::value* value = of.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}
inline const boost::json::value* member(const boost::json::object& of, std::string_view name) {
  const boost::json::value* value = of.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

// Null if the member is not an object.
inline const boost::json::object* object_in(const boost::json::object& of, std::string_view name) {
  const boost::json::value* value = of.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

// Empty if the value is not a string.
inline std::string_view text_of(const boost::json::value* value) {
  const boost::json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}
inline std::string_view text_in(const boost::json::object& of, std::string_view name) {
  return text_of(of.if_contains(name));
}

// 0 if the member is not a whole number.
inline std::int64_t whole_in(const boost::json::object& of, std::string_view name) {
  const boost::json::value* value = of.if_contains(name);
  return value == nullptr || !value->is_int64() ? 0 : value->get_int64();
}

// "input" and 2 make "input[2]".
inline std::string path_at(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

}  // namespace eai::api
