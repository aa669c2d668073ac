#include "peers/service_call.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "peers/patience.h"
#include "util/text.h"

namespace eai::peers {
namespace {

using std::chrono::milliseconds;

std::string without_secret(std::string text, const std::string& secret) {
  if (secret.empty()) return text;
  for (std::size_t at = text.find(secret); at != text.npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

// How one try ended.
struct Try {
  Result<Bytes> result;
  bool again = false;
  std::optional<std::chrono::seconds> retry_after;
};

Try judge_try(const ServiceCall& call, http::Response response) {
  if (response.status >= 200 && response.status < 300) return {std::move(response.body), false, {}};
  const std::string said = printable(without_secret(std::string(text_of(response.body)), call.secret), 300);
  std::string message = "HTTP " + std::to_string(response.status) + (said.empty() ? "" : ": " + said);
  Try out{fail(Code::network, message), may_pass(response.status), {}};
  switch (response.status) {
    case 401:
    case 403:
      out.result = fail(Code::invalid,
                        std::string(call.secret.empty() ? "access" : "the key") + " was refused (" + message + ")");
      break;
    case 402:
    case 507:
      out.result = fail(Code::invalid, "no room left there: quota exceeded (" + message + ")");
      break;
    case 409:
      // The word of the pinning service API for it.
      if (message.find("INSUFFICIENT_FUNDS") == message.npos) break;
      out.result = fail(Code::invalid, "no room left there: quota exceeded (" + message + ")");
      break;
    case 404:
      out.result = fail(Code::not_found, message);
      break;
    case 413:
      out.result = fail(Code::invalid, "too large for this service (" + message + ")", Hint::smaller_parts);
      break;
    case 500:
      // Kubo's way to say 404.
      out.again = said.find("not found") == said.npos;
      if (!out.again) out.result = fail(Code::not_found, message);
      break;
    default:
      break;
  }
  if (!out.again && response.status < 500 && out.result.error().code == Code::network) {
    out.result = fail(Code::invalid, "the request was refused (" + message + ")");
  }
  out.retry_after = parse_retry_after(response.headers["retry-after"], std::chrono::system_clock::now());
  return out;
}

// Keeps an answer, or hands it on as it comes.
class Listener final : public http::Receiver {
 public:
  explicit Listener(const ServiceCall& call) : call_(call) {}
  Result<void> on_head(const http::ResponseHead& head) override {
    response_.status = head.status;
    response_.headers = head.headers;
    return {};
  }
  Result<void> on_body(ByteView bytes) override {
    const bool good = response_.status >= 200 && response_.status < 300;
    if (good && call_.on_answer) {
      taken_ = call_.on_answer(bytes);
      return taken_;
    }
    if (response_.body.size() + bytes.size() > (good ? call_.answer_limit : k_mib)) {
      return fail(Code::network, "the answer is larger than " + human_bytes(call_.answer_limit));
    }
    response_.body.insert(response_.body.end(), bytes.begin(), bytes.end());
    return {};
  }
  void on_done(Result<void> outcome) override { done_ = std::move(outcome); }

  bool done() const { return done_.has_value(); }
  // What on_answer said ends it for good.
  const Result<void>& taken() const { return taken_; }
  Result<http::Response> take() {
    if (!*done_) return Failure(std::move(*done_).error());
    return std::move(response_);
  }

 private:
  const ServiceCall& call_;
  http::Response response_;
  Result<void> taken_;
  std::optional<Result<void>> done_;
};

Try try_once(const ServiceCall& call, const Tries& tries, const std::stop_token& stop) {
  http::Request request;
  request.url = call.url;
  request.method = call.method;
  request.headers = call.headers;
  request.stall_timeout = tries.stall;
  request.max_redirects = 0;
  if (call.body) {
    request.body = http::RequestBody{call.body->size, [&](std::uint64_t offset, std::span<std::uint8_t> into) {
                                       if (call.on_sent) call.on_sent(offset);
                                       return call.body->read(offset, into);
                                     }};
  } else if (call.method == "POST") {
    request.body = http::RequestBody{0, nullptr};
  }
  http::Transfers transfers;
  Listener listener(call);
  transfers.start(request, listener);
  const std::stop_callback wake(stop, [&] { transfers.wake(); });
  while (!listener.done()) {
    if (stop.stop_requested()) return {fail(Code::cancelled, "stopped"), false, {}};
    transfers.poll(milliseconds(1000));
  }
  if (!listener.taken()) return {Failure(listener.taken().error()), false, {}};
  auto response = listener.take();
  if (response) return judge_try(call, *std::move(response));
  Error error = std::move(response).error();
  error.message = without_secret(std::move(error.message), call.secret);
  const bool again = error.code == Code::network || error.code == Code::timeout;
  return {Failure(std::move(error)), again, {}};
}

// False when stopped.
bool wait_for(milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  return !changed.wait_for(lock, stop, time, [] { return false; }) && !stop.stop_requested();
}

}  // namespace

Result<Bytes> call_service(const ServiceCall& call, const Tries& tries, const std::stop_token& stop) {
  std::mt19937_64 random(std::random_device{}());
  for (int attempt = 0;; ++attempt) {
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
    Try one = try_once(call, tries, stop);
    if (one.result) return std::move(one.result);
    Error error = std::move(one.result).error();
    const auto pause = pause_before(attempt + 1, tries.first_wait, one.retry_after, random);
    if (one.again && !pause) error.message += ", and it asked to wait " + human_duration(*one.retry_after);
    if (!one.again || !pause || attempt >= tries.max_retries || stop.stop_requested()) {
      if (one.again && attempt > 0) error.message += ", after " + std::to_string(attempt + 1) + " tries";
      return Failure(std::move(error).with(call.what));
    }
    if (tries.on_trouble) {
      tries.on_trouble(call.what + ": " + error.message + "; waits " +
                       human_duration(std::chrono::ceil<std::chrono::seconds>(*pause)));
    }
    if (!wait_for(*pause, stop)) return fail(Code::cancelled, "stopped");
    if (call.on_again) call.on_again();
  }
}

}  // namespace eai::peers
