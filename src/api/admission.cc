// Who may come in. Each check keeps out somebody whom the others let through:
//   Host    keeps out DNS rebinding: a page of evil.example whose name is made to point here, so that its browser takes
//           this server for the page's own. It protects where a page gets in without knowing anything, so:
//             with API keys   any well-formed host comes in: a page does not know a key
//             without         the names of http/own_hosts.h
//   Origin  keeps out web pages that the owner has not named.
//   Sec-Fetch-Site is the second belt: a form or a link may send a request without Origin, and the browser still says
//           whether another site made it. Such a request may look (GET: an <img>, a link in a page, which cannot read the
//           answer) and do nothing else.
//   Key     keeps out everybody else.
// Each of these headers may be there once: of two, we might read one and a proxy in between the other.
// Source: RFC 9110, section 7.2; Fetch ("CORS protocol"); Fetch Metadata Request Headers; Private Network Access.
#include <algorithm>
#include <array>

#include <openssl/crypto.h>

#include "api/api_error.h"
#include "api/core.h"
#include "api/shape.h"
#include "util/text.h"

namespace eai::api {
namespace {

constexpr std::string_view k_bad_request = "invalid_request_error";

bool host_is_known(const ApiOptions& options, std::string_view header) {
  if (options.hosts.know(header)) return true;
  return !options.api_keys.empty() && http::parse_authority(header);
}

// A page that this server itself has given.
bool is_own_origin(const http::Origin& origin, std::string_view host) {
  if (origin.scheme != "http" && origin.scheme != "https") return false;
  const auto own = http::Origin::parse(origin.scheme + "://" + std::string(host));
  return own && *own == origin;
}

bool origin_is_known(const ApiOptions& options, const http::Incoming& request) {
  const auto origin = http::Origin::parse(request.header("origin"));
  if (!origin) return false;
  if (is_own_origin(*origin, request.header("host"))) return true;
  return std::ranges::any_of(options.origins, [&](const auto& listed) { return listed.matches(*origin); });
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

// What of a request decides whether it may come in.
struct Deciding {
  int hosts = 0, origins = 0;
  std::string_view twice;  // a header that is there more than once
};

Deciding deciding_headers(const http::HeaderList& headers) {
  static constexpr std::array<std::string_view, 5> k_names = {"host", "origin", "authorization", "x-api-key",
                                                              "sec-fetch-site"};
  std::array<int, k_names.size()> counts{};
  Deciding out;
  for (const auto& [name, value] : headers) {
    const auto known = std::ranges::find(k_names, std::string_view(name));
    if (known == k_names.end()) continue;
    if (++counts[static_cast<std::size_t>(known - k_names.begin())] == 2) out.twice = *known;
  }
  out.hosts = counts[0];
  out.origins = counts[1];
  return out;
}

// Whether a browser says that another site has made a request that may change something.
bool comes_from_another_site(const http::Incoming& request) {
  if (request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS") return false;
  const std::string_view site = request.header("sec-fetch-site");
  return !site.empty() && site != "same-origin" && site != "none";
}

http::HeaderList allowed_cors_headers(const http::Incoming& request) {
  return {{"access-control-allow-origin", http::header_safe(request.header("origin"))},
          {"access-control-expose-headers", "x-eai-model, x-eai-fallback, x-eai-image-id, x-request-id"},
          {"vary", "Origin"}};
}

}  // namespace

std::string owner_of(const ApiOptions& options, const http::Incoming& request) {
  return options.api_keys.empty() ? std::string() : std::string(key_of(request));
}

std::uint64_t sender_of(const ApiOptions& options, const http::Incoming& request) {
  return mark_of(options.api_keys.empty() ? std::string_view(request.peer) : key_of(request));
}

bool is_local(const http::Incoming& request) {
  const std::string_view peer = request.peer;
  if (!peer.empty() && !peer.starts_with("127.") && peer != "::1") return false;
  for (const char* passed_on : {"forwarded", "x-forwarded-for", "x-real-ip", "via"})
    if (!request.header(passed_on).empty()) return false;
  return true;
}

http::HeaderList cors_headers(const ApiOptions& options, const http::Incoming& request) {
  if (request.header("origin").empty() || !origin_is_known(options, request)) return {};
  return allowed_cors_headers(request);
}

std::string own_address(const ApiOptions& options, const http::Incoming& request) {
  const std::string scheme = request.encrypted ? "https://" : "http://";
  const auto asked = http::parse_authority(request.header("host"));
  if (asked && options.hosts.have(*asked)) return scheme + asked->str();
  return scheme + (request.local.empty() ? "localhost" : request.local);
}

namespace {

// The answer to a browser that asks whether a page may make a request of this method.
http::Reply preflight_reply(const http::Routes& routes, const http::Incoming& request) {
  http::Reply reply{204, {}, ""};
  if (!request.header("origin").empty()) {
    reply.headers = allowed_cors_headers(request);
    // A public page asks whether it may reach into a private network; the header has had two names.
    for (const std::string network : {"private-network", "local-network"}) {
      if (request.header("access-control-request-" + network) == "true")
        reply.headers.emplace_back("access-control-allow-" + network, "true");
    }
  }
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

std::optional<http::Reply> refusal_of_place(const ApiOptions& options, const http::Incoming& request) {
  const Style style = style_of(request);
  const Deciding deciding = deciding_headers(request.headers);
  if (deciding.hosts != 1)
    return error_reply(400, k_bad_request, "a request needs exactly one Host header", "bad_host", style);
  if (!deciding.twice.empty()) {
    return error_reply(400, k_bad_request,
                       "the header " + std::string(deciding.twice) + " may be sent only once in a request",
                       "repeated_header", style);
  }
  const std::string_view host = request.header("host");
  if (!host_is_known(options, host)) {
    return error_reply(403, k_bad_request,
                       "this server does not answer for the host '" + printable(host, 100) +
                           "'; whoever runs it can add the name to allow_hosts, or ask for API keys instead",
                       "host_not_allowed", style);
  }
  if (deciding.origins == 1 && !origin_is_known(options, request)) {
    return error_reply(403, k_bad_request,
                       "a web page of the origin '" + printable(request.header("origin"), 100) +
                           "' may not call this server; whoever runs it can add the origin to allow_origins",
                       "origin_not_allowed", style);
  }
  if (deciding.origins == 0 && comes_from_another_site(request)) {
    return error_reply(403, k_bad_request,
                       "a browser says that another site sent this request (Sec-Fetch-Site), and it names no origin",
                       "origin_not_allowed", style);
  }
  return std::nullopt;
}

std::optional<http::Reply> refusal_of(const ApiOptions& options, const http::Routes& routes, const http::Route* route,
                                      const http::Incoming& request) {
  if (auto refused = refusal_of_place(options, request)) return refused;
  if (request.method == "OPTIONS" && !request.header("access-control-request-method").empty())
    return preflight_reply(routes, request);
  const bool open = route != nullptr && route->access == http::Access::everyone;
  if (!open && !key_fits(options, request)) {
    http::Reply reply =
        error_reply(401, "authentication_error", "this server wants an API key: Authorization: Bearer <key>",
                    "invalid_api_key", style_of(request));
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
