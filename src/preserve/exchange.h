// Why: one request to a service, tried again as long as that can help.
// Thread: any; blocks.
// What holds: 429, 5xx, timeouts and broken connections are tried again (Retry-After is obeyed, else the wait doubles);
// other refusals are final, and so is a 500 that says "not found". A secret given here appears in no error.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "http/client.h"
#include "preserve/body.h"

namespace eai::preserve {

struct Tries {
  int max_retries = 5;
  std::chrono::milliseconds first_wait{500};
  std::chrono::seconds stall{
      300};  // without a byte in either direction; services are slow to answer after the last byte
  // What is being waited for, for people: "part-aa at lighthouse: HTTP 503, waits 2 s". From the thread of the call.
  std::function<void(const std::string&)> on_trouble;
};

struct Call {
  std::string what;  // "lighthouse: qwen.zip.part-aa", put before errors
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  const Body* body = nullptr;
  std::string secret;                          // taken out of whatever the service says
  std::function<void(std::uint64_t)> on_sent;  // bytes of the body sent so far in this try
  std::uint64_t answer_limit = k_mib;
  // Where given, the body of a 2xx comes here as it arrives, and none is returned; an error here ends the try for good.
  // `on_again`: what came so far is worth nothing, the next try begins from the start.
  std::function<Result<void>(ByteView)> on_answer;
  std::function<void()> on_again;
};

// The answer's body of a 2xx. Code::invalid: refused for good (key, quota, request); Code::network, timeout or busy: the
// last try's trouble; Code::not_found for 404; Code::cancelled when `stop` was asked for.
Result<Bytes> exchange(const Call& call, const Tries& tries, const std::stop_token& stop);

// A multipart/form-data body with one file, and the header that goes with it. A '/' in the name is told as '-': services
// take it for a folder.
struct Multipart {
  Body body;
  std::pair<std::string, std::string> header;
};
Multipart multipart_file(const std::string& file_name, const Body& content);

// RFC 3986: letters, digits and "-._~" stay.
std::string url_escaped(std::string_view text);

}  // namespace eai::preserve
