#include "peers/service_call.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "http/address.h"
#include "peers/patience.h"
#include "util/text.h"

namespace eai::peers {
namespace {

using std::chrono::milliseconds;
using Clock = NetworkWatch::Clock;

constexpr auto k_quiet = std::chrono::seconds(2);  // this long without a byte, and it is looked for a connection

std::string without_secret(std::string text, const std::string& secret) {
  if (secret.empty()) return text;
  for (std::size_t at = text.find(secret); at != text.npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

bool says_one_of(const std::vector<std::string>& words, const std::string& said) {
  return std::any_of(words.begin(), words.end(), [&](const auto& word) { return said.find(word) != said.npos; });
}

// How one try ended.
struct Try {
  Result<Bytes> result;
  bool again = false;
  std::optional<std::chrono::seconds> retry_after;
  Reach reach = Reach::there;
};

Try judge_try(const ServiceCall& call, http::Response response) {
  if (response.status >= 200 && response.status < 300) return {std::move(response.body), false, {}, {}};
  std::string_view body = text_of(response.body);
  while (body.ends_with('\n') || body.ends_with('\r')) body.remove_suffix(1);
  const std::string said = printable(without_secret(std::string(body), call.secret), 300);
  std::string message = "HTTP " + std::to_string(response.status) + (said.empty() ? "" : ": " + said);
  Try out{fail(Code::network, message), may_pass(response.status), {}, {}};
  switch (response.status) {
    case 401:
    case 403:
      out.result =
          fail(Code::invalid, (call.secret.empty() ? "access" : call.secret_name) + " was refused (" + message + ")");
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
      if (says_one_of(call.refusals, said)) out.again = false;
      break;
    default:
      break;
  }
  if (!out.again && response.status < 500 && out.result.error().code == Code::network) {
    out.result = fail(Code::invalid, "the request was refused (" + message + ")");
  }
  out.retry_after =
      parse_retry_after(response.headers["retry-after"], std::chrono::system_clock::now(), response.headers["date"]);
  return out;
}

// Keeps an answer, or hands it on as it comes.
class Listener final : public http::Receiver {
 public:
  Listener(const ServiceCall& call, NetworkWatch& watch) : call_(call), watch_(watch), host_(http::host_of(call.url)) {}
  void on_connected(const http::Connected& connected) override {
    stays_here_ = stays_here(connected);
    if (connected.fresh) answered();
  }
  void on_unreached(const http::Unreached& unreached) override { lost(watch_.reach(unreached), asked_); }
  Result<void> on_head(const http::ResponseHead& head) override {
    answered();
    response_.status = head.status;
    response_.headers = head.headers;
    return {};
  }
  Result<void> on_body(ByteView bytes) override {
    last_byte_ = Clock::now();
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
  void on_done(Result<void> outcome) override {
    // The connection or TLS was refused: somebody is there.
    if (reach_ == Reach::there && !outcome && outcome.error().code == Code::network) watch_.reached(host_);
    done_ = std::move(outcome);
  }

  bool done() const { return done_.has_value(); }
  void sent() { last_byte_ = Clock::now(); }
  // There is nothing to wait for: this machine has lost its connection.
  bool cut() {
    if (stays_here_ || Clock::now() - last_byte_ < k_quiet || watch_.has_link()) return false;
    lost(Reach::cut, last_byte_);
    return true;
  }
  Reach reach() const { return reach_; }
  // What on_answer said ends it for good.
  const Result<void>& taken() const { return taken_; }
  Result<http::Response> take() {
    if (!*done_) return Failure(std::move(*done_).error());
    return std::move(response_);
  }

 private:
  void answered() {
    last_byte_ = Clock::now();
    watch_.reached(host_);
  }
  void lost(Reach reach, Clock::time_point since) {
    reach_ = reach;
    watch_.failed(host_, reach, since, Clock::now());
  }

  const ServiceCall& call_;
  NetworkWatch& watch_;
  std::string host_;
  bool stays_here_ = is_this_machine(host_);
  const Clock::time_point asked_ = Clock::now();
  Clock::time_point last_byte_ = asked_;
  Reach reach_ = Reach::there;
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
  http::Transfers transfers;
  Listener listener(call, *tries.network);
  if (call.body) {
    request.body = http::RequestBody{call.body->size, [&](std::uint64_t offset, std::span<std::uint8_t> into) {
                                       listener.sent();
                                       if (call.on_sent) call.on_sent(offset);
                                       return call.body->read(offset, into);
                                     }};
  } else if (call.method == "POST") {
    request.body = http::RequestBody{0, nullptr};
  }
  transfers.start(request, listener);
  const std::stop_callback wake(stop, [&] { transfers.wake(); });
  while (!listener.done()) {
    if (stop.stop_requested()) return {fail(Code::cancelled, "stopped"), false, {}, {}};
    transfers.poll(milliseconds(1000));
    if (!listener.done() && listener.cut()) {
      return {fail(Code::network, "this machine lost its connection"), true, {}, listener.reach()};
    }
  }
  if (!listener.taken()) return {Failure(listener.taken().error()), false, {}, {}};
  auto response = listener.take();
  if (response) return judge_try(call, *std::move(response));
  Error error = std::move(response).error();
  error.message = without_secret(std::move(error.message), call.secret);
  const bool again = error.code == Code::network || error.code == Code::timeout;
  return {Failure(std::move(error)), again, {}, listener.reach()};
}

// False when stopped.
bool wait_for(milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  return !changed.wait_for(lock, stop, time, [] { return false; }) && !stop.stop_requested();
}

// The network is away: tries cost nothing, and time ends it.
bool goes_on_waiting(const Tries& tries, Clock::time_point now) {
  return tries.max_retries > 0 && tries.network->away() && !tries.network->given_up(now);
}

std::string why_it_waits(const Error& error, const Tries& tries, milliseconds pause) {
  if (const auto left = tries.network->patience_left(Clock::now())) {
    return "no network (" + error.message + "); tries again for " +
           human_duration(std::chrono::ceil<std::chrono::seconds>(*left));
  }
  return error.message + "; waits " + human_duration(std::chrono::ceil<std::chrono::seconds>(pause));
}

}  // namespace

Result<Bytes> call_service(const ServiceCall& call, const Tries& tries, const std::stop_token& stop) {
  std::mt19937_64 random(std::random_device{}());
  for (int attempt = 0;; ++attempt) {
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
    Try one = try_once(call, tries, stop);
    if (one.result) return std::move(one.result);
    Error error = std::move(one.result).error();
    const bool away = one.again && one.reach != Reach::there && tries.network->away();
    auto pause = pause_before(attempt + 1, tries.first_wait, one.retry_after, random);
    if (away) pause = std::min(*pause, k_away_pause);
    if (one.again && !pause) error.message += ", and it asked to wait " + human_duration(*one.retry_after);
    const bool waits = away ? goes_on_waiting(tries, Clock::now()) : attempt < tries.max_retries;
    if (!one.again || !pause || !waits || stop.stop_requested()) {
      if (one.again && attempt > 0) error.message += ", after " + std::to_string(attempt + 1) + " tries";
      if (away) error = no_network(error.message);
      return Failure(std::move(error).with(call.what));
    }
    if (tries.on_trouble) tries.on_trouble(call.what + ": " + why_it_waits(error, tries, *pause));
    if (!wait_for(*pause, stop)) return fail(Code::cancelled, "stopped");
    if (call.on_again) call.on_again();
  }
}

}  // namespace eai::peers
