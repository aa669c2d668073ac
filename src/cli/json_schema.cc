#include "cli/json_schema.h"

#include <algorithm>

#include <boost/json.hpp>

#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

const json::object& definitions() {
  static const json::value schema = [] {
    std::string text;
    for (const std::string_view line : json_schema_lines()) text.append(line).append("\n");
    return json::parse(text);
  }();
  return schema.at("$defs").as_object();
}

// Of {"$ref": "#/$defs/<name>"}; null for anything else.
const json::object* definition_of(const json::value& reference) {
  const json::object* object = reference.if_object();
  const json::value* to = object == nullptr ? nullptr : object->if_contains("$ref");
  constexpr std::string_view k_begin = "#/$defs/";
  if (to == nullptr || !std::string_view(to->as_string()).starts_with(k_begin)) return nullptr;
  const json::value* found = definitions().if_contains(std::string_view(to->as_string()).substr(k_begin.size()));
  return found == nullptr ? nullptr : found->if_object();
}

void add(std::vector<std::string>& to, std::string_view name) {
  if (std::ranges::find(to, name) == to.end()) to.emplace_back(name);
}

void add_properties(const json::object* shape, std::vector<std::string>& to) {
  const json::value* properties = shape == nullptr ? nullptr : shape->if_contains("properties");
  if (properties == nullptr) return;
  for (const auto& [name, what] : properties->as_object()) add(to, name);
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// False: the shape has no such list.
bool add_items(const json::object* shape, std::string_view list, std::vector<std::string>& to) {
  const json::value* properties = shape == nullptr ? nullptr : shape->if_contains("properties");
  const json::value* property = properties == nullptr ? nullptr : properties->as_object().if_contains(list);
  if (property == nullptr || !property->as_object().contains("items")) return false;
  add_properties(definition_of(property->at("items")), to);
  return true;
}

}  // namespace

Pick json_fields(const Command& command) {
  Pick out;
  const json::value* found = definitions().if_contains(command.page());
  if (found == nullptr) return out;
  const json::object& shapes = found->as_object();
  if (const json::value* lists = shapes.if_contains("x-items")) {
    for (const json::value& list : lists->as_array()) out.lists.emplace_back(list.as_string());
  }
  for (const json::value& reference : shapes.at("anyOf").as_array()) {
    if (std::string_view(reference.at("$ref").as_string()) == "#/$defs/error") continue;  // never picked from
    bool has_list = false;
    for (const std::string& list : out.lists)
      has_list = add_items(definition_of(reference), list, out.fields) || has_list;
    if (!has_list) add_properties(definition_of(reference), out.fields);
  }
  return out;
}

Result<Pick> pick_of(const Command& command, std::string_view text) {
  Pick known = json_fields(command), out;
  const std::string has = "`" + command.words() + "` has " + listed(known.fields);
  while (!text.empty()) {
    const std::string field(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(text.size(), field.size() + 1));
    if (field.empty()) continue;
    if (std::ranges::find(known.fields, field) == known.fields.end()) {
      const auto near = near_names(field, known.fields, 1);
      return fail(Code::invalid, "--json= names the unknown field \"" + printable(field, 60) + "\"" +
                                     (near.empty() ? "" : "; did you mean " + near.front() + "?") +
                                     (near.empty() ? "; " : " ") + has);
    }
    add(out.fields, field);
  }
  if (out.fields.empty()) return fail(Code::invalid, "--json= names no field; " + has);
  out.lists = std::move(known.lists);
  return out;
}

}  // namespace eai::cli
