// Why: HTTP/1.1 over Unix sockets to our own processes: engines and the running server.
// Thread: everything runs on the one thread that runs the io_context.
// What holds: a body is handed on as it arrives. At most `k_idle_per_socket` connections per socket are kept open,
// because an engine's server holds a thread for each and closes it after 5 s itself. A connection that was idle for
// `idle_time` is not used again, and is closed no later than the end of the next reply from any socket. If a kept
// connection turns out to have died, the request goes out again on another one, since no byte of a reply had come.
// Dropping an IncomingReply before its end closes its connection at once: that is how an engine learns that nobody
// waits any more. Nothing is sent to a listener of another user.
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

// As many as an engine can have in use at once; with fewer, a busy engine would need new ones all the time.
inline constexpr std::size_t k_idle_per_socket = 64;
inline constexpr std::chrono::milliseconds k_idle_time{3000};

// The texts must live until ask() resumes.
struct Ask {
  std::string_view method = "GET";
  std::string_view target = "/";
  std::string_view content_type;  // of the body
  std::string_view body;
  std::optional<std::chrono::milliseconds> head_timeout;  // until the head of the reply has arrived
};

// A reply whose head has arrived and whose body is still coming.
class IncomingReply {
 public:
  IncomingReply(IncomingReply&&) noexcept;
  IncomingReply& operator=(IncomingReply&&) noexcept;
  ~IncomingReply();

  int status() const;
  const HeaderList& headers() const;
  // The next bytes of the body, valid until the next call; empty at its end. Code::network: the other side closed the
  // connection in the middle; Code::timeout: nothing came for `stall`.
  boost::asio::awaitable<Result<std::string_view>> read(std::optional<std::chrono::milliseconds> stall = {});
  // What has arrived of the body and was not read yet, without waiting; may be empty. Counts as read.
  std::string_view take_arrived();
  // The same as a string of one's own.
  std::string take_rest();
  bool whole() const;  // all of the body has arrived, though some of it may still have to be taken

 private:
  friend class UnixClient;
  struct State;
  explicit IncomingReply(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class UnixClient {
 public:
  explicit UnixClient(boost::asio::io_context& context, std::chrono::milliseconds idle_time = k_idle_time);
  ~UnixClient();  // replies may outlive it

  // Code::not_found: no process of ours listens, so nobody has seen the request; Code::network: the other side took
  // the request and closed the connection; Code::timeout: no head came within head_timeout. Asio cancellation closes
  // the connection. `socket` must live until this resumes.
  boost::asio::awaitable<Result<IncomingReply>> ask(std::string_view socket, Ask request);

  // The whole reply. Code::network when its body is larger than `limit` bytes.
  boost::asio::awaitable<Result<Reply>> fetch(std::string socket, Ask request, std::size_t limit = 1 << 20);

 private:
  struct Shared;
  friend struct IncomingReply::State;
  boost::asio::io_context& context_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace eai::http
