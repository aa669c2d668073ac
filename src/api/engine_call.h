// Why: one request to the engine of a model, with everything that can go wrong before its answer begins: the wait for a
// ready engine, of which a streaming client hears; an engine that dies under its lease; what is known of its end.
// Thread: the io_context's. Included by .cc files of this room only.
// What holds: if an engine ends before the first byte of its answer, the request goes once more to a fresh one, since
// its client has seen nothing of an answer, unless it may be what ended the engine (Lease::blamed()); an engine that is
// silent or refuses is not asked again. While a streaming
// client waits, and from `options.first_news` on, it is sent a 200 with `stream_head` and a comment per second.
#pragma once

#include "api/core.h"

namespace eai::api {

using OnNews = std::function<void(const engine::WaitNews&)>;

// It and what it names must live until ask_engine() resumes.
struct EngineCall {
  std::string_view model_id;
  http::Ask ask;
  http::Outgoing& out;
  std::uint64_t sender = 0, shape = 0;            // as in engine::LeaseRequest
  bool sees_log = false;                          // the same
  const http::HeaderList* stream_head = nullptr;  // none: the client does not stream, and hears nothing of the wait
  OnNews on_news = {};                            // gets the news of the wait too
};

struct EngineAnswer {
  engine::Lease lease;
  http::IncomingReply reply;  // of any status
  std::chrono::steady_clock::time_point asked;
};

// Code::network: the client has disconnected, or the engine ended, twice, before it answered; the other codes are those
// of Pool::lease() and UnixClient::ask().
asio::awaitable<Result<EngineAnswer>> ask_engine(Core& core, const EngineCall& call);

// Whether the engine answers when it is asked how it is.
asio::awaitable<bool> engine_is_well(Core& core, const engine::Lease& lease);

// How an engine that closed its socket ended, as soon as the pool knows, so that the next lease is for another one.
// Empty: it still runs after a second.
asio::awaitable<std::string> end_of_engine(Core& core, const engine::Lease& lease);

// What to tell of an engine that broke off under its lease; waits for its end.
// `when` goes into its words: "in the middle of its answer".
asio::awaitable<Error> explain_end(Core& core, const engine::Lease& lease, Error error, std::string_view when);

}  // namespace eai::api
