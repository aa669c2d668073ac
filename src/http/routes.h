// Why: what a server answers is a table. From it come which handler takes a request, 404 and 405 with Allow, what
// OPTIONS and HEAD do, who needs a key, how large a body may be, the names in metrics, and the API document.
// Thread: the one of the server's io_context; a table does not change.
// What holds: finding a route allocates nothing. The first route that fits takes a request, so a path that is a special
// case of another one comes before it. What a Call names lives until the handler's coroutine has ended. Paths are
// canonical when they come here (http/target.h); what depends on the table is understood here: a prefix that stands
// there several times, and a client whose base URL is a whole endpoint ("/v1/chat/completions/chat/completions").
// Source: RFC 9110, sections 9 (methods), 15.5.5, 15.5.6; the paths' form is that of OpenAPI.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "http/server.h"

namespace eai::http {

enum class Method : std::uint8_t { get, post, put, del };  // HEAD is answered wherever GET is

enum class Access : std::uint8_t {
  everyone,  // no key is asked for
  key,       // whoever has a key, if the server has any
  owner,     // whoever may open the private socket
};

struct Route;

// One request, and the route that takes it.
struct Call {
  Incoming& in;
  Outgoing& out;
  const Route& route;
  std::string_view value;  // of the path's parameter; empty if it has none
  std::string_view name;   // of the path, for metrics
};

inline constexpr std::uint64_t k_small_body = 64 * k_kib;

// The texts must outlive the table: they are literals.
struct Route {
  Method method = Method::get;
  // "/v1/models/{id}": a parameter takes what is left of one segment, "{id...}" all that is left. One parameter, not
  // empty.
  std::string_view path;
  Access access = Access::key;
  std::uint64_t body_limit = k_small_body;      // bytes
  std::string_view takes = {};                  // media type of the body; empty: there is none
  std::string_view gives = "application/json";  // media types of a good answer, separated by ", "
  std::string_view summary = {};                // a sentence
  std::function<boost::asio::awaitable<void>(Call)> handle = {};
};

class Routes {
 public:
  // `prefix` ("/v1") may stand in front of every path of a request, any number of times, or be left out.
  explicit Routes(std::vector<Route> routes, std::string_view prefix = {});

  struct Found {
    const Route* route = nullptr;
    std::string_view value;  // of the parameter
    std::string_view name;   // of the path, for metrics: without prefix and parameter; empty: the path is unknown
    bool known_path() const { return !name.empty(); }
  };
  Found find(std::string_view method, std::string_view path) const;

  // The methods that the path of this name has, OPTIONS included: "GET, HEAD, OPTIONS".
  std::string allowed(std::string_view path) const;

  const std::vector<Route>& all() const { return routes_; }

 private:
  struct Pattern {
    std::string_view text;  // of the path without the prefix
    std::string_view name;
    bool exact = true;
  };
  std::string_view without_prefix(std::string_view path) const;
  Found find_exactly(std::string_view method, std::string_view path) const;
  // What follows an endpoint in front of the path; empty if none is.
  std::string_view behind_endpoint(std::string_view path) const;

  std::vector<Route> routes_;
  std::vector<Pattern> patterns_;  // one per route
  std::string_view prefix_;
};

std::string_view name_of(Method method);  // "GET"

}  // namespace eai::http
