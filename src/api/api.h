// Why: the HTTP API for strangers: takes a request, leases an engine, relays the answer, gives the lease back.
// Thread: all of it on the one thread that runs the io_context.
// What holds: an engine sees only checked JSON and never a stranger's headers; a streamed answer is passed on frame by
// frame; a client that goes away cancels its engine's work within 20 ms; no answer hides which model gave it (x-eai-model,
// x-eai-fallback). Host and Origin are checked before anything else.
// Source: docs/api.md; OpenAI API reference; which model answers: select.h.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "api/select.h"
#include "api/served.h"
#include "engine/pool.h"
#include "http/server.h"
#include "util/file.h"

namespace eai::api {

enum class RemoteImages { none, public_addresses, anywhere };  // from where pictures by address are fetched

struct ApiOptions {
  SelectRules select;
  std::vector<std::string> hosts;     // names besides "localhost" that a Host header may have; addresses always may
  std::vector<std::string> origins;   // web pages that may call, "https://app.example"; besides our own
  std::vector<std::string> api_keys;  // any of them opens; none: no key is asked for
  RemoteImages remote_images = RemoteImages::public_addresses;
  std::chrono::milliseconds picture_deadline{10'000};  // for a request's pictures by address
  fs::path request_log;                                // a line per request, without content; empty: none is written
  std::string version;                                 // of the program
  std::chrono::seconds wait_limit{900};                // for a model to be ready
  std::chrono::milliseconds stall_limit{600'000};      // a stream without a byte from its engine is given up
  std::chrono::milliseconds answer_limit{3'600'000};   // for an answer that is not streamed
  std::chrono::milliseconds first_news{1000};  // until a waiting stream gets its first comment, and between comments
};

struct Core;

class Api {
 public:
  // `served` in the order of the pool's models; the first is the main one. The pool must outlive the Api.
  Api(boost::asio::io_context& context, engine::Pool& pool, std::vector<ServedModel> served, ApiOptions options);
  ~Api();

  // New keys, hosts, origins, limits, request log and served models (in the order of the pool's; the pool must know them
  // already). Holds for requests whose head comes from now on, and for waits that begin from now on; running answers go on as they
  // began, and end in good order also when their model is no longer served. Cannot fail.
  void reload(ApiOptions options, std::vector<ServedModel> served);

  // For the listener that strangers reach.
  http::Handlers handlers();
  // For the private socket: GET /eai/status, POST /eai/stop (calls on_stop after it has answered).
  http::Handlers admin_handlers(std::function<void()> on_stop);

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace eai::api
