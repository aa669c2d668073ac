#include "engine/state_line.h"

#include <algorithm>

#include <boost/json.hpp>

#include "util/file.h"

namespace eai::engine {

namespace {

constexpr std::string_view k_prefix = "cmd_child_to_router:state:";
constexpr std::size_t k_fit_limit = 16 * k_kib;  // a hundred layers of experts take about 8 KiB

// It becomes a variable of the environment.
bool is_fit(std::string_view text) {
  return text.size() <= k_fit_limit && std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 127; });
}

}  // namespace

// {"state":"loading","payload":{"value":0.4}} or {"state":"loading","progress":0.4} or {"state":"ready"}, and once
// {"state":"loading","payload":{"fit":"…"}}.
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
  const auto* payload = object.if_contains("payload");
  if (payload == nullptr || !payload->is_object()) return news;
  number(payload->get_object(), "value");
  const auto* fit = payload->get_object().if_contains("fit");
  if (fit != nullptr && fit->is_string() && is_fit(fit->get_string())) news.fit = fit->get_string();
  return news;
}

}  // namespace eai::engine
