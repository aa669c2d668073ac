#include "cli/picked_fields.h"

#include <algorithm>
#include <set>

#include <boost/json.hpp>

namespace eai::cli {
namespace {

namespace json = boost::json;

void pick_from(const json::object& object, const Pick& pick, std::vector<json::object>& out) {
  json::object found;
  for (const std::string& field : pick.fields) {
    if (const json::value* one = object.if_contains(field)) found[field] = *one;
  }
  if (!found.empty()) out.push_back(std::move(found));
}

}  // namespace

std::vector<json::object> picked(const json::value& value, const Pick& pick) {
  std::vector<json::object> out;
  const json::object* object = value.if_object();
  if (object == nullptr) return out;
  const bool has_list = std::ranges::any_of(pick.lists, [&](const auto& name) { return object->contains(name); });
  if (!has_list) pick_from(*object, pick, out);
  std::set<json::string> seen;
  for (const std::string& name : pick.lists) {
    const json::value* list = object->if_contains(name);
    if (list == nullptr || !list->is_array()) continue;
    for (const json::value& item : list->get_array()) {
      if (!item.is_object()) continue;
      const json::value* hash = item.get_object().if_contains("hash");
      if (hash == nullptr || !hash->is_string() || seen.insert(hash->get_string()).second)
        pick_from(item.get_object(), pick, out);
    }
  }
  return out;
}

}  // namespace eai::cli
