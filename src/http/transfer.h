// Why: one exchange of the client on its way through libcurl: its options, and what libcurl calls back.
// Thread: that of the Transfers that owns it. Included by .cc files of this room only.
// What holds: the receiver's head is given once, before the first byte of the body; an error of ours stands above what
// libcurl says.
// Source: libcurl's easy interface, 7.85.
#pragma once

#include "http/client.h"
#include "http/curl_library.h"

namespace eai::http {

struct Transfer {
  using Clock = std::chrono::steady_clock;

  const CurlLibrary* curl = nullptr;
  CURL* easy = nullptr;
  curl_slist* header_list = nullptr;
  Receiver* receiver = nullptr;
  std::chrono::milliseconds stall_timeout{};
  PlainHttp plain_http{};
  Clock::time_point last_byte = Clock::now();
  std::optional<RequestBody> body;
  std::uint64_t body_sent = 0;
  std::size_t header_bytes = 0;
  bool head_given = false;
  bool cancelled = false;
  bool added = false;
  bool connected = false;  // or an old connection is used again
  const Clock::time_point begun = Clock::now();
  std::function<bool(std::string_view)> peer_allowed;
  bool peer_refused = false;
  std::optional<Error> error;
  char curl_text[CURL_ERROR_SIZE] = {};

  explicit Transfer(Receiver& to) : receiver(&to) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();

  // Makes the easy handle for this request. The transfer must not move from now on.
  void set_up(const CurlLibrary& library, const Request& request);
  // Keeps the first error; false if there is one.
  bool keep(Result<void> result);
  // The head of the last answer, to the receiver, unless it has it already; false if the transfer has to end.
  bool give_head();
  // What libcurl's code means.
  Error error_of(CURLcode code) const;
  // What it says about the way to the peer, if the transfer ended before there was a connection.
  std::optional<Unreached> unreached(CURLcode code) const;
};

}  // namespace eai::http
