// Why: the HTTP API for strangers: takes a request, leases an engine, relays the answer, and gives the lease back.
// Thread: everything runs on the one thread that runs the io_context.
// What holds: an engine sees only checked JSON and never a stranger's headers. A streamed answer is passed on event by
// event. If a client disconnects, the engine's work for it is cancelled within 20 ms. Every answer says which model
// gave it (x-eai-model, x-eai-fallback). Host and Origin are checked before anything else.
// Source: docs/api.md; OpenAI API reference; which model answers: select.h.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>

#include "api/select.h"
#include "api/served.h"
#include "engine/pool.h"
#include "http/origin.h"
#include "http/own_hosts.h"
#include "http/routes.h"
#include "http/server.h"
#include "util/file.h"

namespace eai::api {

enum class RemoteImages { none, public_addresses, anywhere };  // where pictures by address may be fetched from

// What another part of the program adds to what is told about it. Called on the io_context's thread.
struct Beside {
  std::function<boost::json::value()> status;  // the field "share" of GET /eai/status
  std::function<std::string()> metrics;        // more lines for Prometheus
};

struct ApiOptions {
  SelectRules select;
  http::OwnHosts hosts;                      // by which strangers may ask for this server
  std::vector<http::OriginPattern> origins;  // web pages that may call, besides our own
  std::vector<std::string> api_keys;         // any of them will do; if there are none, none is asked for
  RemoteImages remote_images = RemoteImages::public_addresses;
  std::chrono::milliseconds picture_deadline{10'000};  // for a request's pictures by address
  fs::path request_log;                            // gets a line per request, without content; empty: there is no log
  Beside share;                                    // may be empty
  std::string version;                             // of the program
  std::chrono::seconds wait_limit{900};            // for a model to be ready
  std::chrono::milliseconds stall_limit{600'000};  // after which a silent engine's stream is given up
  std::chrono::milliseconds answer_limit{3'600'000};  // for an answer that is not streamed
  std::chrono::milliseconds first_news{1000};  // until a waiting stream gets its first comment, and between comments
};

// A file that strangers may fetch without a key, such as one of the page's. The texts are literals.
struct OpenFile {
  std::string_view path;  // as a route has it: "/page/{file}"
  std::string_view gives;
  std::string_view summary;
  // `value` is the path's parameter. Without an answer there is no such file.
  std::function<std::optional<http::Reply>(std::string_view value, const http::Incoming& request)> reply;
};

struct Core;

class Api {
 public:
  // `served` in the order of the pool's models; the first is the main one. The pool must outlive the Api.
  Api(boost::asio::io_context& context, engine::Pool& pool, std::vector<ServedModel> served, ApiOptions options,
      std::vector<OpenFile> files = {});
  ~Api();

  // Takes new keys, hosts, origins, limits, request log and served models (in the order of the pool's models, which
  // must know them already). They apply to requests whose head arrives from now on and to waits that begin from now on.
  // Running answers go on as they began and end in good order, even if their model is no longer served. Cannot fail.
  void reload(ApiOptions options, std::vector<ServedModel> served);

  // For the listener that strangers reach: the table of routes that GET /openapi.json shows.
  http::Handlers handlers();
  // For the private socket, with a table of its own: GET /eai/status, POST /eai/stop (which calls on_stop after it has
  // answered), the routes for pictures, POST /v1/chat/completions and GET /v1/models, and `more`, which others answer.
  http::Handlers admin_handlers(std::function<void()> on_stop, std::vector<http::Route> more = {});

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace eai::api
