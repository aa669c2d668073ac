// Why: HTTP/1.1 to our own engines over Unix sockets: readiness checks and the relayed requests.
// Thread: all of it on the one thread that runs the io_context.
// What holds: the body is handed on as it arrives; at most `k_idle_per_socket` connections per socket are kept open (an
// engine's server holds a thread per open connection and closes it itself after 5 s): none is used, and none of any socket
// outlives the end of the next answer, when it was idle for `idle_time`; a request on a kept connection that died meanwhile
// goes out again on another, since not a byte of an answer had come. Giving up an Answer before its end closes its connection at once: that is how an engine learns that
// nobody waits any more.
// Source: RFC 9112.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "http/message.h"
#include "util/result.h"

namespace eai::http {

// As many as an engine can have in use at once; with fewer, each of many answers would need a new one.
inline constexpr std::size_t k_idle_per_socket = 64;
inline constexpr std::chrono::milliseconds k_idle_time{3000};

// What its texts name must live until ask() resumes.
struct Ask {
  std::string_view method = "GET";
  std::string_view target = "/";
  std::string_view content_type;  // of the body
  std::string_view body;
  std::optional<std::chrono::milliseconds> head_timeout;  // until the head of the answer is here
};

// An answer whose head is here and whose body is still coming.
class Answer {
 public:
  Answer(Answer&&) noexcept;
  Answer& operator=(Answer&&) noexcept;
  ~Answer();

  int status() const;
  const HeaderList& headers() const;
  // The next bytes of the body, valid until the next call; empty at its end. Code::network: the engine closed the
  // connection in the middle; Code::timeout: nothing came for `stall`.
  boost::asio::awaitable<Result<std::string_view>> read(std::optional<std::chrono::milliseconds> stall = {});
  // The body as far as it is here already, without waiting (may be empty); counts as read.
  std::string_view take_arrived();
  // The same, to be kept.
  std::string take_rest();
  bool whole() const;  // all of the body has arrived; what was not taken yet can still be

 private:
  friend class EngineClient;
  struct State;
  explicit Answer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class EngineClient {
 public:
  explicit EngineClient(boost::asio::io_context& context, std::chrono::milliseconds idle_time = k_idle_time);
  ~EngineClient();  // answers may outlive it

  // Code::not_found: nobody listens on the socket, so the request cannot have been seen; Code::network: the engine
  // took the request and closed; Code::timeout: no head within head_timeout. Asio cancellation closes the connection.
  // `socket` must live until it resumes.
  boost::asio::awaitable<Result<Answer>> ask(std::string_view socket, Ask request);

  // The whole answer. Code::network when the body is larger than `limit` bytes.
  boost::asio::awaitable<Result<Reply>> fetch(std::string socket, Ask request, std::size_t limit = 1 << 20);

 private:
  struct Shared;
  friend struct Answer::State;
  boost::asio::io_context& context_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace eai::http
