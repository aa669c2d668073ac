// Host against DNS rebinding, Origin against web pages, the key against everybody else.
#include <algorithm>

#include <boost/asio/ip/address.hpp>
#include <openssl/crypto.h>

#include "api/api_error.h"
#include "api/core.h"
#include "util/text.h"

namespace eai::api {
namespace {

// "localhost:8080" → "localhost", "[::1]:80" → "::1".
std::string host_of(std::string_view authority) {
  if (authority.starts_with('[')) return std::string(authority.substr(1, authority.find(']') - 1));
  return std::string(authority.substr(0, authority.find(':')));
}

// A name can be made to point here by whoever owns it; an address cannot.
bool host_is_known(const ApiOptions& options, std::string_view authority) {
  std::string host = lower(host_of(authority));
  if (host.ends_with('.')) host.pop_back();
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(host, not_an_address);
  if (!not_an_address) return true;
  return std::any_of(options.hosts.begin(), options.hosts.end(), [&](const auto& name) { return lower(name) == host; });
}

bool origin_is_known(const ApiOptions& options, const http::Incoming& request) {
  std::string origin = lower(request.header("origin"));
  std::string own = lower(request.header("host"));
  if (origin == "http://" + own || origin == "https://" + own) return true;
  return std::any_of(options.origins.begin(), options.origins.end(),
                     [&](const auto& listed) { return listed == "*" || lower(listed) == origin; });
}

bool key_fits(const ApiOptions& options, const http::Incoming& request) {
  if (options.api_keys.empty()) return true;
  std::string_view given = request.header("authorization");
  if (lower(given.substr(0, 7)) == "bearer ") {
    given.remove_prefix(7);
  } else {
    given = request.header("x-api-key");
  }
  bool fits = false;  // every key is compared, each in constant time
  for (const std::string& key : options.api_keys) {
    fits |= key.size() == given.size() && CRYPTO_memcmp(key.data(), given.data(), key.size()) == 0;
  }
  return fits;
}

}  // namespace

http::HeaderList cors_headers(const ApiOptions& options, const http::Incoming& request) {
  std::string_view origin = request.header("origin");
  if (origin.empty() || !origin_is_known(options, request)) return {};
  return {{"access-control-allow-origin", http::header_safe(origin)},
          {"access-control-expose-headers", "x-eai-model, x-eai-fallback, x-eai-image-id, x-request-id"},
          {"vary", "Origin"}};
}

std::optional<http::Reply> admit(const ApiOptions& options, const http::Incoming& request) {
  if (http::count_header(request.headers, "host") != 1) {
    return error_reply(400, "invalid_request_error", "a request needs exactly one Host header", "bad_host");
  }
  if (!host_is_known(options, request.header("host"))) {
    return error_reply(403, "invalid_request_error",
                       "the Host header names a host that this server does not answer for; allow it with --allow-host",
                       "host_not_allowed");
  }
  if (!request.header("origin").empty() && !origin_is_known(options, request)) {
    return error_reply(403, "invalid_request_error",
                       "a web page of another origin may not call this server; allow it with --allow-origin",
                       "origin_not_allowed");
  }
  if (request.method == "OPTIONS" && !request.header("access-control-request-method").empty()) {
    http::Reply preflight{204, cors_headers(options, request), ""};
    preflight.headers.emplace_back("access-control-allow-methods", "GET, POST");
    // The clients for browsers send headers of their own, which tell nothing that would have to be kept out.
    std::string_view asked = request.header("access-control-request-headers");
    if (asked.empty()) asked = "authorization, content-type, x-api-key";
    preflight.headers.emplace_back("access-control-allow-headers", http::header_safe(asked, 2000));
    preflight.headers.emplace_back("access-control-max-age", "600");
    return preflight;
  }
  if (request.path() != "/health" && !Images::is_public(request.path()) && !key_fits(options, request)) {
    http::Reply reply = error_reply(401, "authentication_error",
                                    "this server wants an API key: Authorization: Bearer <key>", "invalid_api_key");
    reply.headers.emplace_back("www-authenticate", "Bearer");
    return reply;
  }
  return std::nullopt;
}

}  // namespace eai::api
