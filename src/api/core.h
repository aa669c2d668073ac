// Why: what the files of this room share. Included by .cc files of this room only.
// Thread: the io_context's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/api.h"
#include "api/api_error.h"
#include "api/endpoint.h"
#include "api/exchange.h"
#include "api/images.h"
#include "api/metrics.h"
#include "api/picture_gate.h"
#include "api/request_log.h"
#include "api/responses_shelf.h"
#include "api/sent_pictures.h"
#include "http/routes.h"
#include "http/unix_client.h"
#include "util/thread_crew.h"

namespace eai::api {

namespace asio = boost::asio;

struct Core {
  Core(asio::io_context& io, engine::Pool& engines, std::vector<ServedModel> models, ApiOptions given,
       std::vector<OpenFile> open_files);

  asio::io_context& context;
  engine::Pool& pool;
  http::UnixClient client;
  std::vector<ServedModel> served;
  ApiOptions options;
  const std::vector<OpenFile> files;
  std::vector<std::string> used_last;  // hashes, the latest first
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  Metrics metrics;
  RequestLog request_log;
  SentPictures pictures;
  PictureGate picture_gate;
  Images images{*this};
  ResponsesShelf responses;
  std::unique_ptr<ThreadCrew> worker;  // checks of large bodies; made when first needed
  std::function<void()> on_stop;       // what POST /eai/stop calls
  http::Routes routes;                 // for strangers
  http::Routes owner_routes;           // for the private socket

  Result<Choice> choose(std::optional<std::string_view> model, std::span<const model::Task> fits,
                        std::string_view endpoint) const {
    return select_model({served, used_last, model, fits, endpoint}, options.select);
  }
  void note_use(const std::string& id);
};

// The tables of routes (routes.cc). The core must outlive them.
std::vector<http::Route> stranger_routes(Core& core);
std::vector<http::Route> owner_routes(Core& core);

// The answer to a request that no route takes: 404, 405 with Allow, or what OPTIONS asks for.
http::Reply answer_without_route(const http::Routes& routes, const http::Incoming& request);

inline void append(http::HeaderList& to, const http::HeaderList& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// The headers of every answer: its request's id, and what lets a listed origin read it.
http::HeaderList common_headers(const Core& core, const http::Incoming& request, const std::string& request_id);
// The headers that say which model answers, and why.
void add_truth(http::HeaderList& to, const std::string& model_id, std::string_view fallback);

// The header that says which fields of the request had no effect.
void add_ignored(http::HeaderList& to, const std::vector<std::string>& fields);

// When a request that this model has refused may come again.
inline std::chrono::seconds retry_after(const Core& core, const std::string& model_id) {
  const auto cools = core.pool.cools_for(model_id);
  return cools.count() > 0 ? cools : k_retry_after;
}

// One request to one engine, whole or streamed.
asio::awaitable<void> relay(Core& core, const Endpoint& endpoint, http::Call call);

// Whether the request may come in: Host, Origin, key, and a route if its body is large. The reply refuses it, or
// answers a preflight.
http::Admission admit(const ApiOptions& options, const http::Routes& routes, const http::Incoming& request);
// Whose responses a request may see: those that were asked for with the same key. Empty if no key is asked for.
std::string owner_of(const ApiOptions& options, const http::Incoming& request);
// Who sends a request, as an engine's lease takes it: those with one key are one sender, and without keys those at one
// address are.
std::uint64_t sender_of(const ApiOptions& options, const http::Incoming& request);
// Whether a request comes from this machine, and not through a proxy on it, as far as that can be seen.
bool is_local(const http::Incoming& request);
// Headers that let a listed origin read the answer; empty for a request without Origin.
http::HeaderList cors_headers(const ApiOptions& options, const http::Incoming& request);
// The address of this server for links in an answer: "http://localhost:8080". It has the host that the client used, if
// that host is ours, and else the address at which the connection came in: nothing that a client makes up.
std::string own_address(const ApiOptions& options, const http::Incoming& request);

// GET /v1/models, GET /v1/models/{id}, and what the command line's status shows.
http::Reply models_reply(const Core& core);
// `asked` as it stands in the path; whoever is told that there is none gets an error in `style`.
http::Reply model_reply(const Core& core, std::string_view asked, Style style);
http::Reply status_reply(const Core& core);
// POST /eai/unload/{id}: the model goes as soon as its answers have ended, and comes back with the next request.
http::Reply unload_reply(Core& core, std::string_view asked);
http::Reply metrics_reply(const Core& core);

}  // namespace eai::api
