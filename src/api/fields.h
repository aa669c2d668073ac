// Why: one table says of every field of every API what happens to it, so that nothing is dropped in silence and
// nothing reaches an engine unbounded. docs/api.md shows the same table to users.
// Thread: any; constant data and pure functions.
// What holds: after check_fields() the body consists of honoured fields only, each of its shape and within its bounds.
// A field whose value is null is as if absent, here and wherever erase_nulls() reaches.
// Source: the API references of OpenAI and Anthropic, and llama.cpp's tools/server/README.md for the fields that only
// its server has.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "util/result.h"

namespace eai::api {

enum class Use : std::uint8_t {
  honoured,
  ignored,  // it has no effect here; the answer's x-eai-ignored names it
  refused,  // doing without it would give a wrong answer
};

enum class Shape : std::uint8_t { any, flag, whole, number, text, texts, choice, list, object };

struct Field {
  std::string_view name;
  Use use = Use::honoured;
  Shape shape = Shape::any;
  // Of a number; of a text's bytes; of the entries of a list, of texts or of an object.
  double least = 0;
  double most = std::numeric_limits<double>::max();
  bool clamped = false;         // a number outside is set to the nearest bound
  std::string_view words = {};  // of a choice: the values, separated by '|'; of a refused field: what to do instead
  std::string_view meant = {};  // the engine's own name for it
};

using FieldTable = std::span<const Field>;

// Names of fields, in the order in which they were found.
using Ignored = std::vector<std::string>;

// Checks the fields of an object against `tables`, the first that knows a field counts; erases what is ignored or
// unknown, and notes it. Code::invalid is about the field.
Result<void> check_fields(boost::json::object& body, std::span<const FieldTable> tables, Ignored& ignored);

// Erases every member that is null, at any depth, except inside schemas and the arguments of tools, where a null is
// data.
void erase_nulls(boost::json::object& body);

// "the field 'temperature' must be a number"; about the field.
Failure bad_field(std::string_view path, std::string_view must);

}  // namespace eai::api
