// Why: fields of foreign JSON are read without exceptions.
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace eai {

// Empty, 0 or nothing if the field is not there or is something else.
std::string text_in(const boost::json::object& from, std::string_view name);
std::uint64_t number_in(const boost::json::object& from, std::string_view name);
double real_in(const boost::json::object& from, std::string_view name);
bool truth_in(const boost::json::object& from, std::string_view name);
std::optional<std::uint64_t> known_number_in(const boost::json::object& from, std::string_view name);
// Null if there is none.
const boost::json::object* object_in(const boost::json::object& from, std::string_view name);

}  // namespace eai
