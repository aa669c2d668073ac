#include "engine/state_line.h"

#include <algorithm>

#include <boost/json.hpp>

namespace eai::engine {

namespace {
constexpr std::string_view k_prefix = "cmd_child_to_router:state:";
}

// {"state":"loading","payload":{"value":0.4}} or {"state":"loading","progress":0.4} or {"state":"ready"}.
std::optional<StateNews> read_state_line(std::string_view line) {
  if (!line.starts_with(k_prefix)) return std::nullopt;
  StateNews news;
  boost::system::error_code error;
  const auto value = boost::json::parse(line.substr(k_prefix.size()), error);
  if (error || !value.is_object()) return news;
  const auto& object = value.get_object();
  const auto* state = object.if_contains("state");
  news.ready = state != nullptr && state->is_string() && state->get_string() == "ready";
  const auto number = [&](const boost::json::object& from, std::string_view key) {
    if (const auto* field = from.if_contains(key); field != nullptr && field->is_number())
      news.fraction = std::clamp(field->to_number<double>(), 0.0, 1.0);
  };
  number(object, "progress");
  if (const auto* payload = object.if_contains("payload"); payload != nullptr && payload->is_object())
    number(payload->get_object(), "value");
  return news;
}

}  // namespace eai::engine
