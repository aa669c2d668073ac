// Why: one request to the API of a service, tried again as long as that can help.
// Thread: any; blocks.
// What holds: what may pass (patience.h), timeouts and broken connections are tried again, each time after a longer
// wait, or after as long as the service asked for. Other refusals are final, and so is a 500 that says "not found". A
// secret given here appears in no error. While the network is away (network_watch.h), time and not the number of tries
// ends the wait, and a connection that this machine has lost is not waited for.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "http/client.h"
#include "peers/network_watch.h"

namespace eai::peers {

struct Tries {
  int max_retries = 5;
  std::chrono::milliseconds first_wait{500};
  // Without a byte in either direction. Services are slow to answer after the last byte.
  std::chrono::seconds stall{300};
  // What is being waited for, for people: "part-aa at lighthouse: HTTP 503, waits 2 s". From the thread of the call.
  std::function<void(const std::string&)> on_trouble;
  std::shared_ptr<NetworkWatch> network = std::make_shared<NetworkWatch>();  // shared by all calls of one job
};

struct ServiceCall {
  std::string what;  // "lighthouse: qwen.zip.part-aa", put before errors
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<http::RequestBody> body;
  std::string secret;                          // taken out of whatever the service says
  std::string secret_name = "the key";         // what a person calls it
  std::vector<std::string> refusals;           // a 500 that says one of these is final too
  std::function<void(std::uint64_t)> on_sent;  // bytes of the body sent so far in this try
  std::uint64_t answer_limit = k_mib;
  // If given, the body of a 2xx comes here as it arrives, and none is returned; an error here ends the call for good.
  // `on_again`: what came so far is worth nothing, the next try begins from the start.
  std::function<Result<void>(ByteView)> on_answer;
  std::function<void()> on_again;
};

// The answer's body of a 2xx. Code::invalid: refused for good (key, quota, request); Code::network, timeout or busy:
// the last try's trouble; Code::not_found for 404; Code::cancelled when `stop` was asked for.
Result<Bytes> call_service(const ServiceCall& call, const Tries& tries, const std::stop_token& stop);

}  // namespace eai::peers
