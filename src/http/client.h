// Why: the program's only way out: GET over libcurl, TLS always verified, every limit set.
// Thread: a Transfers object belongs to one thread, which runs its loop; cancel() of it may be called from any.
// What holds: no cookie, no user name, no telemetry header; User-Agent "eai/<version>"; Accept-Encoding: identity;
// redirects are followed only as asked (https stays https); a body is handed on as it arrives, never collected
// unless the caller does; a header block over 64 KiB, a stall (no byte for `stall_timeout`) or a deadline ends it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "util/bytes.h"
#include "util/result.h"

namespace eai::http {

struct Request {
  std::string url;
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<ByteRange> range;  // sent as Range: bytes=begin-(end-1)
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{30'000};
  std::optional<std::chrono::milliseconds> deadline;  // of the whole exchange
  int max_redirects = 5;
};

struct ResponseHead {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; the last one wins
};

// Called on the loop's thread.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // Once, before the body. An error aborts the transfer and comes back in on_done.
  virtual Result<void> on_head(const ResponseHead& head) = 0;
  virtual Result<void> on_body(ByteView bytes) = 0;
  // Exactly once, last; the receiver may be destroyed in it.
  virtual void on_done(Result<void> outcome) = 0;
};

// Many transfers at once in one thread (curl multi).
class Transfers {
 public:
  Transfers();
  ~Transfers();
  using Id = std::uint64_t;
  Id start(const Request& request, Receiver& receiver);
  void cancel(Id id);  // on_done is not called
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
Result<Response> fetch(const Request& request, std::uint64_t body_limit);

}  // namespace eai::http
