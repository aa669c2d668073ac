#include "http/openapi.h"

#include <boost/json.hpp>

#include "util/text.h"

namespace eai::http {
namespace {

namespace json = boost::json;

std::string_view word_of(Access access) {
  switch (access) {
    case Access::everyone:
      return "everyone";
    case Access::key:
      return "key";
    case Access::owner:
      return "owner";
  }
  return {};
}

// "/v1/models/{id...}" has the parameter "id"; empty if there is none.
std::string_view parameter_of(std::string_view path) {
  const auto open = path.find('{');
  if (open == std::string_view::npos) return {};
  const std::string_view inside = path.substr(open + 1, path.find('}') - open - 1);
  return inside.ends_with("...") ? inside.substr(0, inside.size() - 3) : inside;
}

// As OpenAPI writes a path.
std::string template_of(std::string_view path) {
  std::string out(path);
  const auto dots = out.find("...}");
  return dots == std::string::npos ? out : out.erase(dots, 3);
}

// "get_v1_models_id"
std::string operation_of(const Route& route) {
  std::string out = lower(name_of(route.method));
  bool gap = true;
  for (const char c : template_of(route.path)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain && std::exchange(gap, false)) out += '_';
    if (plain) out += c;
    gap = gap || !plain;
  }
  return out;
}

json::object content_of(std::string_view media_types) {
  json::object out;
  while (!media_types.empty()) {
    const auto comma = media_types.find(", ");
    out[media_types.substr(0, comma)] = json::object{};
    media_types.remove_prefix(comma == std::string_view::npos ? media_types.size() : comma + 2);
  }
  return out;
}

json::object operation(const Route& route) {
  json::object out{{"operationId", operation_of(route)},
                   {"summary", route.summary},
                   {"x-access", word_of(route.access)},
                   {"x-body-limit", route.body_limit}};
  if (route.access != Access::key) out["security"] = json::array{};
  if (const auto parameter = parameter_of(route.path); !parameter.empty())
    out["parameters"] = json::array{json::object{
        {"name", parameter}, {"in", "path"}, {"required", true}, {"schema", json::object{{"type", "string"}}}}};
  if (!route.takes.empty()) out["requestBody"] = json::object{{"required", true}, {"content", content_of(route.takes)}};
  out["responses"] =
      json::object{{"200", json::object{{"description", "The answer"}, {"content", content_of(route.gives)}}},
                   {"default", json::object{{"$ref", "#/components/responses/Error"}}}};
  return out;
}

json::object components() {
  const json::object message{{"type", "object"},
                             {"properties", json::object{{"message", json::object{{"type", "string"}}},
                                                         {"type", json::object{{"type", "string"}}}}},
                             {"required", json::array{"message", "type"}}};
  const json::object error{
      {"type", "object"}, {"properties", json::object{{"error", message}}}, {"required", json::array{"error"}}};
  return {
      {"schemas", json::object{{"Error", error}}},
      {"responses",
       json::object{
           {"Error",
            json::object{
                {"description", "Why there is no answer"},
                {"content",
                 json::object{{"application/json",
                               json::object{{"schema", json::object{{"$ref", "#/components/schemas/Error"}}}}}}}}}}},
      {"securitySchemes",
       json::object{{"bearer", json::object{{"type", "http"}, {"scheme", "bearer"}}},
                    {"header", json::object{{"type", "apiKey"}, {"in", "header"}, {"name", "x-api-key"}}}}}};
}

}  // namespace

std::string openapi_of(const Routes& routes, const ApiTitle& title) {
  json::object paths;
  for (const Route& route : routes.all()) {
    json::value& path = paths[template_of(route.path)];
    if (!path.is_object()) path = json::object{};
    path.get_object()[lower(name_of(route.method))] = operation(route);
  }
  return json::serialize(json::object{
      {"openapi", "3.1.0"},
      {"info", json::object{{"title", title.title}, {"version", title.version}, {"description", title.description}}},
      // A server without keys asks for none, which the empty object says.
      {"security",
       json::array{json::object{{"bearer", json::array{}}}, json::object{{"header", json::array{}}}, json::object{}}},
      {"paths", std::move(paths)},
      {"components", components()}});
}

}  // namespace eai::http
