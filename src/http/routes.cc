#include "http/routes.h"

#include <algorithm>
#include <optional>

namespace eai::http {
namespace {

bool fits(Method route, std::string_view method) {
  return method == name_of(route) || (route == Method::get && method == "HEAD");
}

// What the pattern's parameter stands for in `path`; nothing if the path is another one.
std::optional<std::string_view> value_in(std::string_view pattern, std::string_view path) {
  const auto open = pattern.find('{');
  const auto close = pattern.find('}', open);
  const std::string_view parameter = pattern.substr(open + 1, close - open - 1), behind = pattern.substr(close + 1);
  if (!path.starts_with(pattern.substr(0, open))) return std::nullopt;
  path.remove_prefix(open);
  const std::string_view value = parameter.ends_with("...") ? path : path.substr(0, path.find('/'));
  path.remove_prefix(value.size());
  return !value.empty() && path == behind ? std::optional(value) : std::nullopt;
}

}  // namespace

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::del:
      return "DELETE";
  }
  return {};
}

Routes::Routes(std::vector<Route> routes, std::string_view prefix) : routes_(std::move(routes)), prefix_(prefix) {
  patterns_.reserve(routes_.size());
  for (const Route& route : routes_) {
    const std::string_view text = without_prefix(route.path);
    const auto open = text.find('{');
    const bool exact = open == std::string_view::npos;
    patterns_.push_back({text, exact ? text : text.substr(0, std::max<std::size_t>(open, 2) - 1), exact});
  }
}

std::string_view Routes::without_prefix(std::string_view path) const {
  while (!prefix_.empty() && path.starts_with(prefix_) && path.substr(prefix_.size()).starts_with('/'))
    path.remove_prefix(prefix_.size());
  return path;
}

std::string_view Routes::behind_endpoint(std::string_view path) const {
  for (const Pattern& pattern : patterns_) {
    if (!pattern.exact || pattern.text.size() < 2 || !path.starts_with(pattern.text)) continue;
    const std::string_view rest = path.substr(pattern.text.size());
    if (rest.size() > 1 && rest.front() == '/') return without_prefix(rest);
  }
  return {};
}

Routes::Found Routes::find(std::string_view method, std::string_view path) const {
  path = without_prefix(path);
  const Found found = find_exactly(method, path);
  if (found.known_path()) return found;
  const std::string_view rest = behind_endpoint(path);
  return rest.empty() ? found : find_exactly(method, rest);
}

Routes::Found Routes::find_exactly(std::string_view method, std::string_view path) const {
  Found found;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const Pattern& pattern = patterns_[i];
    std::string_view value;
    if (pattern.exact) {
      if (path != pattern.text) continue;
    } else {
      const auto taken = value_in(pattern.text, path);
      if (!taken) continue;
      value = *taken;
    }
    if (!found.known_path()) found.name = pattern.name;
    if (!fits(routes_[i].method, method)) continue;
    found.route = &routes_[i];
    found.value = value;
    return found;
  }
  return found;
}

std::string Routes::allowed(std::string_view path) const {
  std::string out;
  for (const Method method : {Method::get, Method::post, Method::put, Method::del}) {
    if (find(name_of(method), path).route == nullptr) continue;
    out.append(name_of(method)).append(method == Method::get ? ", HEAD, " : ", ");
  }
  return out + "OPTIONS";
}

}  // namespace eai::http
