#include "api/fields.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <boost/json.hpp>

#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_name_limit = 64;     // bytes of a foreign field's name that are repeated
constexpr std::size_t k_ignored_limit = 32;  // names that are told

const Field* find(std::span<const FieldTable> tables, std::string_view name) {
  if (name.empty()) return nullptr;
  for (const FieldTable& table : tables) {
    for (const Field& field : table) {
      if (field.name.front() == name.front() && field.name == name) return &field;
    }
  }
  return nullptr;
}

std::string number_text(double value) {
  return std::floor(value) == value && std::abs(value) < 1e15 ? std::to_string(static_cast<std::int64_t>(value))
                                                              : json::serialize(json::value(value));
}

std::string between(const Field& field, std::string_view unit) {
  std::string out = field.most >= 1e15 ? " of at least " + number_text(field.least)
                                       : " from " + number_text(field.least) + " to " + number_text(field.most);
  return out + std::string(unit);
}

Result<void> check_number(json::value& value, const Field& field) {
  const bool whole = field.shape == Shape::whole;
  const std::string must = (whole ? "a whole number" : "a number") + between(field, "");
  if (!value.is_number()) return bad_field(field.name, must);
  const double given = value.to_number<double>();
  if (!std::isfinite(given) || (whole && std::floor(given) != given)) return bad_field(field.name, must);
  const double taken = std::clamp(given, field.least, field.most);
  if (taken != given && !field.clamped) return bad_field(field.name, must);
  // The engine would wrap a number around, or refuse 3.0 where it wants 3.
  if (whole && (taken != given || value.is_double())) value = static_cast<std::int64_t>(taken);
  if (!whole && taken != given) value = taken;
  return {};
}

Result<void> check_size(std::size_t size, const Field& field, std::string_view what) {
  if (static_cast<double>(size) >= field.least && static_cast<double>(size) <= field.most) return {};
  if (size == 0)
    return fail_about(std::string(field.name), Code::invalid, "the field '" + std::string(field.name) + "' is empty");
  return fail_about(std::string(field.name), Code::invalid,
                    "the field '" + std::string(field.name) + "' has " + std::to_string(size) + " " +
                        std::string(what) + ", and at most " + number_text(field.most) + " are taken");
}

Result<void> check_texts(const json::value& value, const Field& field) {
  if (value.is_string()) return {};
  const json::array* list = value.if_array();
  if (list == nullptr) return bad_field(field.name, "a string or a list of strings");
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (!(*list)[i].is_string()) return bad_field(std::string(field.name) + "[" + std::to_string(i) + "]", "a string");
  }
  return check_size(list->size(), field, "entries");
}

Result<void> check_choice(const json::value& value, const Field& field) {
  const json::string* given = value.if_string();
  std::string list;
  for (std::string_view left = field.words; !left.empty();) {
    const std::string_view word = left.substr(0, left.find('|'));
    left.remove_prefix(std::min(left.size(), word.size() + 1));
    if (given != nullptr && word == std::string_view(given->data(), given->size())) return {};
    list += (list.empty() ? "" : left.empty() ? " or " : ", ") + ('"' + std::string(word) + '"');
  }
  return bad_field(field.name, list);
}

Result<void> check_value(json::value& value, const Field& field) {
  switch (field.shape) {
    case Shape::any:
      return {};
    case Shape::flag:
      if (!value.is_bool()) return bad_field(field.name, "true or false");
      return {};
    case Shape::whole:
    case Shape::number:
      return check_number(value, field);
    case Shape::text:
      if (!value.is_string()) return bad_field(field.name, "a string");
      return check_size(value.get_string().size(), field, "bytes");
    case Shape::texts:
      return check_texts(value, field);
    case Shape::choice:
      return check_choice(value, field);
    case Shape::list:
      if (!value.is_array()) return bad_field(field.name, "a list");
      return check_size(value.get_array().size(), field, "entries");
    case Shape::object:
      if (!value.is_object()) return bad_field(field.name, "an object");
      return check_size(value.get_object().size(), field, "entries");
  }
  return {};
}

Failure refused(const Field& field) {
  return fail_about(std::string(field.name), Code::invalid,
                    "the field '" + std::string(field.name) + "' is not supported here: " + std::string(field.words));
}

void note(Ignored& ignored, std::string_view name) {
  if (ignored.size() < k_ignored_limit) ignored.emplace_back(printable(name, k_name_limit));
}

// Keys under which somebody's data stand: schemas, and what a tool is called with.
bool holds_data(std::string_view key, const json::value& value, std::size_t depth) {
  static constexpr std::array<std::string_view, 6> k_data = {"parameters", "schema",   "input_schema",
                                                             "arguments",  "metadata", "chat_template_kwargs"};
  if (std::find(k_data.begin(), k_data.end(), key) != k_data.end()) return true;
  return (key == "input" && value.is_object()) || (key == "json_schema" && depth == 0);
}

void erase_nulls(json::value& value, std::size_t depth) {
  if (json::array* list = value.if_array()) {
    for (json::value& entry : *list) erase_nulls(entry, depth + 1);
  } else if (json::object* object = value.if_object()) {
    for (auto at = object->begin(); at != object->end();) {
      if (at->value().is_null()) {
        at = object->stable_erase(at);
        continue;
      }
      if (!holds_data(at->key(), at->value(), depth)) erase_nulls(at->value(), depth + 1);
      ++at;
    }
  }
}

}  // namespace

Failure bad_field(std::string_view path, std::string_view must) {
  return fail_about(std::string(path), Code::invalid,
                    "the field '" + std::string(path) + "' must be " + std::string(must));
}

Result<void> check_fields(json::object& body, std::span<const FieldTable> tables, Ignored& ignored) {
  std::vector<const Field*> renamed;
  for (auto at = body.begin(); at != body.end();) {
    const std::string_view key(at->key().data(), at->key().size());
    const Field* field = find(tables, key);
    if (field == nullptr || field->use == Use::ignored) {
      note(ignored, key);
      at = body.stable_erase(at);
      continue;
    }
    if (field->use == Use::refused) return refused(*field);
    EAI_CHECK(check_value(at->value(), *field));
    if (!field->meant.empty()) renamed.push_back(field);
    ++at;
  }
  for (const Field* field : renamed) {
    json::value moved = std::move(body.at(field->name));
    body.stable_erase(field->name);
    body.insert_or_assign(field->meant, std::move(moved));
  }
  return {};
}

void erase_nulls(json::object& body) {
  for (auto at = body.begin(); at != body.end();) {
    if (at->value().is_null()) {
      at = body.stable_erase(at);
      continue;
    }
    if (!holds_data(at->key(), at->value(), 0)) erase_nulls(at->value(), 1);
    ++at;
  }
}

}  // namespace eai::api
