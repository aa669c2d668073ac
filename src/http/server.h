// Why: the one HTTP/1.1 server of the program: the gateway (TCP, with or without TLS) and the administration socket.
// Thread: all of it on the one thread that runs the io_context.
// What holds: a handler sees only whole requests within the limits; a client that goes away cancels its handler within 20 ms
// (asio cancellation, terminal); a slow or silent client costs a connection and a few KiB, never a thread, and at the
// connection limit the one that has been silent longest makes room; nothing here knows what is served.
// Source: RFC 9110, RFC 9112. Parsing is Beast's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "http/message.h"
#include "util/bytes.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::http {

struct Incoming {
  std::string method;
  std::string target;  // as sent
  HeaderList headers;
  std::string body;
  std::string peer;  // "127.0.0.1", or "" for a Unix socket
  bool encrypted = false;

  std::string_view path() const;   // target up to '?'
  std::string_view query() const;  // behind it
  std::string_view header(std::string_view lower_case_name) const { return find_header(headers, lower_case_name); }
};

// The way back, owned by the connection. Calls are made one after another: either send(), or begin(), write()…, end().
// A failure (Code::network) means that the client has gone or does not read; nothing more can be sent then.
class Outgoing {
 public:
  virtual ~Outgoing() = default;
  virtual boost::asio::awaitable<Result<void>> send(const Reply& reply) = 0;
  // Head of an answer whose length is not known, with its first bytes (may be empty).
  virtual boost::asio::awaitable<Result<void>> begin(int status, const HeaderList& headers, std::string_view first) = 0;
  virtual boost::asio::awaitable<Result<void>> write(std::string_view bytes) = 0;
  virtual boost::asio::awaitable<Result<void>> end() = 0;
  virtual bool begun() const = 0;  // send() or begin() was called
};

struct Handlers {
  // Called when the head is here, before a byte of the body is taken; a Reply refuses the request. May be empty.
  std::function<std::optional<Reply>(const Incoming&)> admit;
  // Must send something before it returns; a begun answer that it does not end is cut off.
  std::function<boost::asio::awaitable<void>(Incoming&, Outgoing&)> handle;
  // The body and headers of a refusal that the server itself makes (too large, malformed, too slow, too many).
  std::function<Reply(int status, std::string_view why)> refuse;
};

struct Limits {
  std::uint32_t header = 64 * 1024;              // bytes
  std::uint64_t body = 64 * k_mib;               // bytes
  std::uint64_t bodies = 512 * k_mib;            // bytes of all bodies held at once
  std::size_t connections = 1024;                // lowered to what the descriptor limit allows
  std::chrono::milliseconds head{15'000};        // from the first byte (or the connection) to the end of the head
  std::chrono::milliseconds idle{75'000};        // between two requests of a connection
  std::chrono::milliseconds body_grace{30'000};  // a body may take this long, and longer only at body_rate or more
  std::uint64_t body_rate = 4096;                // bytes per second
  std::chrono::milliseconds write{60'000};       // without a byte taken by the client
};

struct TlsFiles {
  fs::path certificate;  // PEM, with its chain
  fs::path key;          // PEM
};

class Server {
 public:
  Server(boost::asio::io_context& context, Limits limits, Handlers handlers);
  ~Server();  // closes everything at once

  // Accepts at once. `host` is an address or a name of this machine; port 0 takes a free one. Returns the bound port.
  // Code::busy: the address is in use; Code::invalid: no such address here, or unusable TLS files.
  Result<std::uint16_t> listen_tcp(const std::string& host, std::uint16_t port, const TlsFiles* tls = nullptr);
  // The socket file is made with mode 0600 and removed at stop. A stale file is replaced.
  Result<void> listen_unix(const fs::path& path);

  std::size_t connections() const;
  std::size_t running() const;                // handlers at work
  std::uint64_t refused_connections() const;  // closed to make room, since the start

  // No new connections, idle ones closed, running answers finished up to `grace`, then cut. Resumes when none is left.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace eai::http
