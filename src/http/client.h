// Why: the program's only way out: HTTP over libcurl, TLS always verified, every limit set.
// Thread: a Transfers object belongs to one thread, which runs its loop; wake() may be called from any.
// What holds:
// - no cookie, no user name, no telemetry header; User-Agent "eai/<version>"; Accept-Encoding: identity;
// - https is verified against the system's certificates (or those of SSL_CERT_FILE) and redirects only to https;
// - plain http is refused unless the peer's address, as it was resolved, is loopback or private (`PlainHttp`);
// - the usual proxy variables (https_proxy, all_proxy, no_proxy) are honoured for https, as libcurl reads them; plain
//   http never goes through a proxy, because it is for machines nearby;
// - a body is handed on as it arrives, never collected unless the caller does; a header block over 64 KiB, a stall
//   (no byte for `stall_timeout`) or a deadline ends the exchange.
// libcurl is loaded when the first Transfers is made (curl_library.h); without it every start() ends in an error.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "util/bytes.h"
#include "util/result.h"

namespace eai::http {

enum class PlainHttp { private_addresses, anywhere };  // where http without TLS may go

// What a request carries, read as it is sent and never held whole.
struct RequestBody {
  std::uint64_t size = 0;
  // Fills `into` from `offset`; in order, except that a connection that broke may be begun again from 0. An error aborts the
  // transfer and comes back in on_done.
  std::function<Result<void>(std::uint64_t offset, std::span<std::uint8_t> into)> read;
};

struct Request {
  std::string url;
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<ByteRange> range;  // sent as Range: bytes=begin-(end-1)
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{30'000};
  std::optional<std::chrono::milliseconds> deadline;  // of the whole exchange
  int max_redirects = 5;
  PlainHttp plain_http = PlainHttp::private_addresses;
  // Given: asked with the numeric address of every connection before it is opened, also those after a redirect; a
  // refused one is never connected to. No proxy is used then, and an address with a user name is an error.
  std::function<bool(std::string_view address)> peer_allowed;
  std::optional<RequestBody> body;  // with a method that has one; its sender counts against `stall_timeout` too
};

struct ResponseHead {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; the last one wins
  // The value of a header (name in lower case), "" if there is none.
  std::string_view header(std::string_view name) const;
};

// Called on the loop's thread. Inside a call the receiver may start and cancel transfers, its own too.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // Once, before the body, for the last answer after redirects. An error aborts the transfer and comes back in on_done.
  virtual Result<void> on_head(const ResponseHead& head) = 0;
  virtual Result<void> on_body(ByteView bytes) = 0;
  // Exactly once, last; the receiver may be destroyed in it. Any status is an outcome without error here: on_head
  // judges it. Code::timeout: stall or deadline; Code::network: anything else between us and the peer.
  virtual void on_done(Result<void> outcome) = 0;
};

// Many transfers at once in one thread (curl multi). Connections are kept and used again.
class Transfers {
 public:
  Transfers();
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  using Id = std::uint64_t;
  Id start(const Request& request, Receiver& receiver);
  void cancel(Id id);  // on_done is not called; an unknown id is no error
  // Runs transfers until something happened or `wait` passed. wake() from any thread ends the wait.
  void poll(std::chrono::milliseconds wait);
  void wake();
  std::size_t active() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;
  Bytes body;
};

// One blocking exchange with the body in memory. Code::network when it is larger than `body_limit`.
// Code::cancelled when `stop` was asked for.
Result<Response> fetch(const Request& request, std::uint64_t body_limit, const std::stop_token& stop = {});

}  // namespace eai::http
