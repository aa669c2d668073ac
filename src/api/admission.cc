// Who may come in: Host is checked against DNS rebinding, Origin against web pages, the key against everybody else.
#include <algorithm>

#include <boost/url/authority_view.hpp>
#include <openssl/crypto.h>

#include "api/api_error.h"
#include "api/core.h"
#include "util/text.h"

namespace eai::api {
namespace {

// What nearly every request says: this machine by its usual names. Parsing it as an authority would cost a twentieth of
// the program's own time for an answer.
bool is_this_machine(std::string_view header) {
  const std::string_view name = header.substr(0, header.find(':'));
  if (name != "127.0.0.1" && name != "localhost") return false;
  return name.size() == header.size() || parse_u64(header.substr(name.size() + 1)).has_value();
}

// A name can be made to point here by whoever owns it; an address cannot.
bool host_is_known(const ApiOptions& options, std::string_view header) {
  if (is_this_machine(header)) return true;
  const auto authority = boost::urls::parse_authority(header);
  if (!authority || authority->has_userinfo()) return false;
  const auto type = authority->host_type();
  if (type == boost::urls::host_type::ipv4 || type == boost::urls::host_type::ipv6) return true;
  const auto encoded = authority->encoded_host();
  std::string host = lower({encoded.data(), encoded.size()});
  if (host.ends_with('.')) host.pop_back();
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  return std::any_of(options.hosts.begin(), options.hosts.end(), [&](const auto& name) { return lower(name) == host; });
}

bool origin_is_known(const ApiOptions& options, const http::Incoming& request) {
  std::string origin = lower(request.header("origin"));
  std::string own = lower(request.header("host"));
  if (origin == "http://" + own || origin == "https://" + own) return true;
  return std::any_of(options.origins.begin(), options.origins.end(),
                     [&](const auto& listed) { return listed == "*" || lower(listed) == origin; });
}

std::string_view key_of(const http::Incoming& request) {
  const std::string_view given = request.header("authorization");
  return lower(given.substr(0, 7)) == "bearer " ? given.substr(7) : request.header("x-api-key");
}

bool key_fits(const ApiOptions& options, const http::Incoming& request) {
  if (options.api_keys.empty()) return true;
  const std::string_view given = key_of(request);
  bool fits = false;  // every key is compared, each in constant time
  for (const std::string& key : options.api_keys) {
    fits |= key.size() == given.size() && CRYPTO_memcmp(key.data(), given.data(), key.size()) == 0;
  }
  return fits;
}

}  // namespace

std::string owner_of(const ApiOptions& options, const http::Incoming& request) {
  return options.api_keys.empty() ? std::string() : std::string(key_of(request));
}

http::HeaderList cors_headers(const ApiOptions& options, const http::Incoming& request) {
  std::string_view origin = request.header("origin");
  if (origin.empty() || !origin_is_known(options, request)) return {};
  return {{"access-control-allow-origin", http::header_safe(origin)},
          {"access-control-expose-headers", "x-eai-model, x-eai-fallback, x-eai-image-id, x-request-id"},
          {"vary", "Origin"}};
}

namespace {

// The answer to a browser that asks whether a page may make a request of this method.
http::Reply preflight_reply(const ApiOptions& options, const http::Routes& routes, const http::Incoming& request) {
  http::Reply reply{204, cors_headers(options, request), ""};
  // A page that asks for an unknown path should be able to read the 404.
  const bool known = routes.find(request.method, request.path()).known_path();
  reply.headers.emplace_back("access-control-allow-methods", known ? routes.allowed(request.path()) : "GET, POST");
  // Clients for browsers send headers of their own, and none of them has to be kept out.
  std::string_view asked = request.header("access-control-request-headers");
  if (asked.empty()) asked = "authorization, content-type, x-api-key";
  reply.headers.emplace_back("access-control-allow-headers", http::header_safe(asked, 2000));
  reply.headers.emplace_back("access-control-max-age", "600");
  return reply;
}

bool has_large_body(const http::Incoming& request) {
  const auto length = parse_u64(request.header("content-length"));
  return (length && *length > http::k_small_body) || !request.header("transfer-encoding").empty();
}

std::optional<http::Reply> refusal_of(const ApiOptions& options, const http::Routes& routes, const http::Route* route,
                                      const http::Incoming& request) {
  const Style style = style_of(request.path());
  if (http::count_header(request.headers, "host") != 1) {
    return error_reply(400, "invalid_request_error", "a request needs exactly one Host header", "bad_host", style);
  }
  if (!host_is_known(options, request.header("host"))) {
    return error_reply(
        403, "invalid_request_error",
        "the Host header names a host that this server does not answer for; whoever runs it can allow the host",
        "host_not_allowed", style);
  }
  if (!request.header("origin").empty() && !origin_is_known(options, request)) {
    return error_reply(403, "invalid_request_error",
                       "a web page of another origin may not call this server; whoever runs it can allow the origin",
                       "origin_not_allowed", style);
  }
  if (request.method == "OPTIONS" && !request.header("access-control-request-method").empty())
    return preflight_reply(options, routes, request);
  const bool open = route != nullptr && route->access == http::Access::everyone;
  if (!open && !key_fits(options, request)) {
    http::Reply reply =
        error_reply(401, "authentication_error", "this server wants an API key: Authorization: Bearer <key>",
                    "invalid_api_key", style);
    reply.headers.emplace_back("www-authenticate", "Bearer");
    return reply;
  }
  // A large body that nobody wants is not read.
  if (route == nullptr && has_large_body(request)) return answer_without_route(routes, request);
  return std::nullopt;
}

}  // namespace

http::Admission admit(const ApiOptions& options, const http::Routes& routes, const http::Incoming& request) {
  const http::Route* route = routes.find(request.method, request.path()).route;
  return {refusal_of(options, routes, route, request), route != nullptr ? route->body_limit : http::k_small_body};
}

}  // namespace eai::api
