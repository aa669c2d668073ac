// Why: one request on its way: what is counted, logged and told of it, gathered where its answer goes out.
// Thread: the io_context's.
// What holds: no content is kept, and no name that a client can invent but its own request id; however the request ends,
// by its answer or by its client's leaving, it is noted once.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/usage.h"
#include "http/server.h"

namespace eai::api {

class Meter;
class RequestLog;

struct Record {
  using Clock = std::chrono::steady_clock;
  std::string_view path = "other";  // one of our own, without /v1
  std::string id;                   // x-request-id
  std::string model;                // hash; empty: none was chosen
  int status = 0;                   // as sent; 0: nothing was
  bool whole = false;               // answered to the end
  std::uint64_t bytes = 0;          // of the answer's body
  Usage usage;
  Clock::time_point begun = Clock::now();
  std::optional<Clock::duration> first_token;  // of a stream: from the request to the engine's first event
};

// The client's own x-request-id if it is 1 to 128 letters, digits and -_.:, else a new one.
std::string request_id_of(const http::Incoming& request);

class Exchange final : public http::Outgoing {
 public:
  Exchange(http::Outgoing& to, Meter& meter, RequestLog& log, std::string id, std::string_view path);
  ~Exchange() override;
  Exchange(const Exchange&) = delete;

  boost::asio::awaitable<Result<void>> send(const http::Reply& reply) override;
  boost::asio::awaitable<Result<void>> begin(int status, const http::HeaderList& headers,
                                             std::string_view first) override;
  boost::asio::awaitable<Result<void>> write(std::string_view bytes) override;
  boost::asio::awaitable<Result<void>> end() override;
  bool begun() const override { return to_.begun(); }

  // The engine's bytes, before they are passed on.
  void note_answer(std::string_view bytes);
  void note_event(std::string_view bytes);

  Record record;

 private:
  http::Outgoing& to_;
  Meter& meter_;
  RequestLog& log_;
};

}  // namespace eai::api
