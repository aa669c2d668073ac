// Why: one request on its way: gathers what is counted, logged and told of it, at the place where its answer goes out.
// Thread: the io_context's.
// What holds: it keeps no content, and no name that a client can invent except its own request id. However the request
// ends, by its answer or by its client's disconnect, it is noted once.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/usage.h"
#include "http/server.h"

namespace eai::api {

class Metrics;
class RequestLog;

inline constexpr std::string_view k_other_path = "other";  // stands for every path that is not in the table of routes

struct Record {
  using Clock = std::chrono::steady_clock;
  std::string_view path = k_other_path;  // a route's name, never what a client sent
  std::string id;                        // x-request-id
  std::string model;                     // hash; empty if none was chosen
  int status = 0;                        // as sent; 0 if nothing was
  bool whole = false;                    // answered to the end
  std::uint64_t bytes = 0;               // of the answer's body
  Usage usage;
  Clock::time_point begun = Clock::now();
  std::optional<Clock::duration> first_token;  // of a stream: from the request to the engine's first event
};

// The client's own x-request-id if it consists of 1 to 128 letters, digits and -_.:, otherwise a new one.
std::string request_id_of(const http::Incoming& request);

class Exchange final : public http::Outgoing {
 public:
  Exchange(const http::Incoming& from, http::Outgoing& to, std::string_view path, Metrics& metrics, RequestLog& log);
  ~Exchange() override;
  Exchange(const Exchange&) = delete;

  boost::asio::awaitable<Result<void>> send(const http::Reply& reply) override;
  boost::asio::awaitable<Result<void>> begin(int status, const http::HeaderList& headers,
                                             std::string_view first) override;
  boost::asio::awaitable<Result<void>> begin_sized(int status, const http::HeaderList& headers, std::uint64_t length,
                                                   std::string_view first) override;
  boost::asio::awaitable<Result<void>> write(std::string_view bytes) override;
  boost::asio::awaitable<Result<void>> write_file(std::string_view before, int file, ByteRange range) override;
  boost::asio::awaitable<Result<void>> end() override;
  bool begun() const override { return to_.begun(); }

  // The engine's bytes, before they are passed on.
  void note_answer(std::string_view bytes);
  void note_event(std::string_view bytes);

  Record record;

 private:
  http::Outgoing& to_;
  Metrics& metrics_;
  RequestLog& log_;
};

}  // namespace eai::api
