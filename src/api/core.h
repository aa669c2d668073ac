// Why: what the gateway's files share. Included by .cc files of this room only.
// Thread: the io_context's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "api/api.h"
#include "api/api_error.h"
#include "api/endpoint.h"
#include "api/exchange.h"
#include "api/images.h"
#include "api/meter.h"
#include "api/remote_pictures.h"
#include "api/request_log.h"
#include "http/engine_client.h"

namespace eai::api {

namespace asio = boost::asio;

struct Core {
  Core(asio::io_context& io, engine::Pool& engines, std::vector<ServedModel> models, ApiOptions given)
      : context(io), pool(engines), client(io), served(std::move(models)), options(std::move(given)), pictures(io) {
    request_log.open(options.request_log);
  }

  asio::io_context& context;
  engine::Pool& pool;
  http::EngineClient client;
  std::vector<ServedModel> served;
  ApiOptions options;
  std::vector<std::string> used_last;  // hashes, the latest first
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  Meter meter;
  RequestLog request_log;
  RemotePictures pictures;
  Images images{*this};
  std::optional<asio::thread_pool> workers;  // scans of large bodies; made when first needed

  Result<Choice> choose(std::optional<std::string_view> model, std::span<const model::Task> fits,
                        std::string_view endpoint) const {
    return select_model({served, used_last, model, fits, endpoint}, options.select);
  }
  void note_use(const std::string& id);
};

inline void append(http::HeaderList& to, const http::HeaderList& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// What every answer has: its request's id, and what lets a listed origin read it.
http::HeaderList common_headers(const Core& core, const http::Incoming& request, const std::string& request_id);
// The headers that tell which model answers, and why.
void add_truth(http::HeaderList& to, const std::string& model_id, std::string_view fallback);

// Waits for a ready engine. While it waits, and from `options.first_news` on, a streaming client (`stream_head` given)
// is sent a 200 with these headers and a comment per second. `also` (may be empty) gets the news too. Code::network: the
// client has gone.
using OnNews = std::function<void(const engine::WaitNews&)>;
asio::awaitable<Result<engine::Lease>> lease_with_news(Core& core, std::string model_id, http::Outgoing& out,
                                                       const http::HeaderList* stream_head, OnNews also = {});

// When a request that this model refused may come again.
inline std::chrono::seconds retry_after(const Core& core, const std::string& model_id) {
  const auto cools = core.pool.cools_for(model_id);
  return cools.count() > 0 ? cools : k_retry_after;
}

// After an engine closed its socket: how it ended, as soon as the pool knows, so that the next lease is for another one.
// Empty: it still runs after a second.
asio::awaitable<std::string> end_of_engine(Core& core, const engine::Lease& lease);

// One request to one engine, whole or streamed.
asio::awaitable<void> relay(std::shared_ptr<Core> core, const Endpoint& endpoint, http::Incoming& in,
                            http::Outgoing& to);

// Whether the request may come in at all: Host, Origin, key. A reply refuses it, or answers a preflight.
std::optional<http::Reply> admit(const ApiOptions& options, const http::Incoming& request);
// Headers that let a listed origin read the answer; empty without Origin.
http::HeaderList cors_headers(const ApiOptions& options, const http::Incoming& request);

// GET /v1/models, GET /v1/models/{id}, and what the command line's status shows.
http::Reply models_reply(const Core& core);
http::Reply model_reply(const Core& core, std::string_view id);
http::Reply status_reply(const Core& core);
http::Reply metrics_reply(const Core& core);

}  // namespace eai::api
