// Why: the program's one HTTP/1.1 server, for the public API (TCP, with or without TLS) and for the private socket.
// Thread: everything runs on the one thread that runs the io_context.
// What holds: a handler sees only whole requests within the limits. If a client disconnects, its handler is cancelled
// within 20 ms (asio cancellation, terminal). A slow or silent client costs a connection and a few KiB, never a thread,
// and at the connection limit the one that has been silent longest makes room. Nothing here knows what is served.
// Source: RFC 9110, RFC 9112. Parsing is Beast's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "http/message.h"
#include "util/bytes.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::http {

struct Incoming {
  std::string method;
  std::string target;  // with a canonical path (http/target.h)
  HeaderList headers;
  std::string body;
  std::string peer;   // "127.0.0.1", or "" for a Unix socket
  std::string local;  // where it came in: "127.0.0.1:8080", "[::1]:8080", or "" for a Unix socket
  bool encrypted = false;

  std::string_view path() const;   // the target up to '?'
  std::string_view query() const;  // what follows it
  std::string_view header(std::string_view lower_case_name) const { return find_header(headers, lower_case_name); }
};

// The way back, owned by the connection. Calls are made one after another: either send(), or begin() or begin_sized(),
// then write() and write_file() any number of times, then end(). Code::network means that the client has disconnected or does not read;
// nothing more can be sent then.
class Outgoing {
 public:
  virtual ~Outgoing() = default;
  virtual boost::asio::awaitable<Result<void>> send(const Reply& reply) = 0;
  // The head of an answer whose length is unknown, with its first bytes, which may be empty.
  virtual boost::asio::awaitable<Result<void>> begin(int status, const HeaderList& headers, std::string_view first) = 0;
  // The same for a body of `length` bytes. Code::io from begin_sized() and the writes means that there are more bytes than
  // that, from end() that there are fewer. An answer of the wrong length cannot be made good, so its connection closes.
  virtual boost::asio::awaitable<Result<void>> begin_sized(int status, const HeaderList& headers, std::uint64_t length,
                                                           std::string_view first) = 0;
  virtual boost::asio::awaitable<Result<void>> write(std::string_view bytes) = 0;
  // Writes `before`, then these bytes of an open file, which stays the caller's and never passes through memory where the
  // connection is not encrypted. A read from a slow disk blocks the thread. Code::io: the file has fewer bytes; the answer
  // cannot be made good then.
  virtual boost::asio::awaitable<Result<void>> write_file(std::string_view before, int file, ByteRange range) = 0;
  virtual boost::asio::awaitable<Result<void>> end() = 0;
  virtual bool begun() const = 0;  // send() or begin() was called
};

struct Admission {
  std::optional<Reply> refusal;
  std::uint64_t body_limit = std::numeric_limits<std::uint64_t>::max();  // bytes; Limits::body applies as well
};

struct Handlers {
  // Called when the head has arrived, before a byte of the body is read. May be empty.
  std::function<Admission(const Incoming&)> admit;
  // Must send something before it returns. An answer that it begins and does not end is cut off.
  std::function<boost::asio::awaitable<void>(Incoming&, Outgoing&)> handle;
  // The body and headers of a refusal by the server itself (too large, malformed, too slow, too many). `head` has what
  // has arrived of the request's head, which may be nothing.
  std::function<Reply(const Incoming& head, int status, std::string_view why)> refuse;
};

struct Limits {
  std::uint32_t header = 64 * 1024;              // bytes
  std::uint64_t body = 64 * k_mib;               // bytes
  std::uint64_t bodies = 512 * k_mib;            // bytes of all bodies held at once
  std::size_t connections = 1024;                // lowered to what the descriptor limit allows
  std::chrono::milliseconds head{15'000};        // from the first byte (or the connection) to the end of the head
  std::chrono::milliseconds idle{75'000};        // between two requests of a connection
  std::chrono::milliseconds body_grace{30'000};  // a body may take this long, or longer if it keeps up body_rate
  std::uint64_t body_rate = 4096;                // bytes per second
  std::chrono::milliseconds write{60'000};       // in which the client takes no byte
  std::uint64_t write_rate = 0;                  // bytes per second that it takes on average after that time
};

struct TlsFiles {
  fs::path certificate;  // PEM, with its chain
  fs::path key;          // PEM
};

class Server {
 public:
  Server(boost::asio::io_context& context, Limits limits, Handlers handlers);
  ~Server();  // closes all connections at once

  // Starts to accept at once, on every address of `host` (http/listeners.h); port 0 takes a free one. Returns the bound
  // port. Code::busy: the port is in use on one of the addresses; Code::invalid: this machine has none of them, or the
  // TLS files are unusable.
  Result<std::uint16_t> listen_tcp(const std::string& host, std::uint16_t port, const TlsFiles* tls = nullptr);
  // The socket file is created with mode 0600 and removed at stop(). A stale file is replaced.
  Result<void> listen_unix(const fs::path& path);

  std::vector<std::string> addresses() const;  // that listen_tcp() has bound: "127.0.0.1", "::1"
  std::size_t connections() const;
  std::size_t running() const;                // handlers that are working
  std::uint64_t refused_connections() const;  // that were closed to make room, since the start

  // Accepts no new connections, closes idle ones, lets running answers finish for up to `grace`, and cuts off the rest.
  // Resumes when no connection is left.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace eai::http
