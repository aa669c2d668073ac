// Why: the program's only way out to other machines: HTTP over libcurl, with TLS always verified and every limit set.
// Thread: a Transfers object belongs to one thread, which runs its loop; any thread may call wake().
// What holds:
// - requests carry no cookies, no user names and no telemetry; they say User-Agent "eai/<version>" and Accept-Encoding:
//   identity;
// - https is verified against the system's certificates (or those of SSL_CERT_FILE) and is redirected only to https;
// - plain http is refused unless the peer's resolved address is loopback or private (`PlainHttp`);
// - the usual proxy variables (https_proxy, all_proxy, no_proxy) apply to https, as libcurl reads them; plain http
//   never goes through a proxy, because it is for machines nearby;
// - a body is handed on as it arrives and is never collected here; a header block over 64 KiB, a stall (no byte for
//   `stall_timeout`) or a missed deadline ends the exchange.
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
#include <string_view>
#include <vector>

#include "util/bytes.h"
#include "util/result.h"

namespace eai::http {

enum class PlainHttp { private_addresses, anywhere };  // where http without TLS may go

// The body of a request, which is read while it is sent and never held whole.
struct RequestBody {
  std::uint64_t size = 0;
  // Fills `into` from `offset`. Calls come in order, except that a request whose connection broke may start again from
  // 0. An error aborts the transfer and comes back in on_done().
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
  // If given, it is asked about the numeric address of every connection before that is opened, redirects included; a
  // refused address is never connected to. No proxy is used then, and a URL with a user name is an error.
  std::function<bool(std::string_view address)> peer_allowed;
  std::optional<RequestBody> body;  // with a method that has one; its sender counts against `stall_timeout` too
};

// What another machine's server sends. Our own servers send a Reply (message.h).
struct ResponseHead {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; the last one wins
  // The value of a header (name in lower case), "" if there is none.
  std::string_view header(std::string_view name) const;
};

// Why a transfer never came to a connection.
struct Unreached {
  enum class Why {
    no_name,    // no address was found for the host's name
    no_route,   // this machine knows no way to the address
    no_answer,  // nobody answered at the address
  } why = Why::no_answer;
  std::string host;                  // "" if it was a proxy
  std::chrono::milliseconds took{};  // until that was known
};

// The connection that a request is sent through.
struct Connected {
  std::string_view peer, own;  // numeric addresses of both ends; with a proxy, the peer is the proxy
  bool fresh = true;           // false: an earlier one is used again
};

// Called on the loop's thread. Inside a call the receiver may start and cancel transfers, its own too.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // The request is about to be sent.
  virtual void on_connected(const Connected& connected) { (void)connected; }
  // There will be no connection; on_done() follows. Not called if somebody refused the connection: that is an answer.
  virtual void on_unreached(const Unreached& unreached) { (void)unreached; }
  // Called once, before the body, for the last response after redirects. An error aborts the transfer and comes back in
  // on_done().
  virtual Result<void> on_head(const ResponseHead& head) = 0;
  virtual Result<void> on_body(ByteView bytes) = 0;
  // Called exactly once, last; the receiver may be destroyed inside it. No status is an error here, since on_head()
  // judges it. Code::timeout: a stall or a missed deadline; Code::network: anything else between us and the peer.
  virtual void on_done(Result<void> outcome) = 0;
};

// Many transfers at once in one thread (curl multi). Connections are kept and reused.
class Transfers {
 public:
  Transfers();
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  using Id = std::uint64_t;
  Id start(const Request& request, Receiver& receiver);
  void cancel(Id id);  // on_done() is not called; an unknown id is ignored
  // Runs the transfers until something has happened or `wait` has passed. wake() ends the wait.
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

// One blocking exchange that keeps the body in memory. Code::network when it is larger than `body_limit`.
// Code::cancelled when a stop was requested.
Result<Response> fetch(const Request& request, std::uint64_t body_limit, const std::stop_token& stop = {});

}  // namespace eai::http
