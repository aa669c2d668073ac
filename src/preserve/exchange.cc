#include "preserve/exchange.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "util/text.h"

namespace eai::preserve {
namespace {

using std::chrono::milliseconds;

std::string without_secret(std::string text, const std::string& secret) {
  if (secret.empty()) return text;
  for (std::size_t at = text.find(secret); at != text.npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

struct Outcome {
  Result<Bytes> result;
  bool again = false;
  std::optional<milliseconds> wait;
};

Outcome judge(const Call& call, http::Response response) {
  if (response.status >= 200 && response.status < 300) return {std::move(response.body), false, {}};
  const std::string said = printable(without_secret(std::string(text_of(response.body)), call.secret), 300);
  std::string message = "HTTP " + std::to_string(response.status) + (said.empty() ? "" : ": " + said);
  Outcome out{fail(Code::network, message), false, {}};
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
    case 408:
    case 425:
    case 429:
      out.again = true;
      break;
    case 500:
      // Kubo's way to say 404.
      out.again = said.find("not found") == said.npos;
      if (!out.again) out.result = fail(Code::not_found, message);
      break;
    default:
      out.again = response.status >= 500;
      break;
  }
  if (!out.again && response.status < 500 && out.result.error().code == Code::network) {
    out.result = fail(Code::invalid, "the request was refused (" + message + ")");
  }
  if (auto seconds = parse_u64(response.headers["retry-after"])) {
    out.wait = milliseconds(1000 * std::min<std::uint64_t>(*seconds, 600));
  }
  return out;
}

// Keeps an answer, or hands it on as it comes.
class Listener final : public http::Receiver {
 public:
  explicit Listener(const Call& call) : call_(call) {}
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
  const Call& call_;
  http::Response response_;
  Result<void> taken_;
  std::optional<Result<void>> done_;
};

Outcome try_once(const Call& call, const Tries& tries, const std::stop_token& stop) {
  http::Request request;
  request.url = call.url;
  request.method = call.method;
  request.headers = call.headers;
  request.stall_timeout = tries.stall;
  request.max_redirects = 0;
  if (call.body != nullptr) {
    request.body = http::RequestBody{call.body->size(), [&](std::uint64_t offset, std::span<std::uint8_t> into) {
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
  if (response) return judge(call, *std::move(response));
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

Result<Bytes> exchange(const Call& call, const Tries& tries, const std::stop_token& stop) {
  milliseconds wait = tries.first_wait;
  for (int attempt = 0;; ++attempt) {
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
    Outcome outcome = try_once(call, tries, stop);
    if (outcome.result) return std::move(outcome.result);
    Error error = std::move(outcome.result).error();
    if (!outcome.again || attempt >= tries.max_retries || stop.stop_requested()) {
      if (outcome.again && attempt > 0) error.message += ", after " + std::to_string(attempt + 1) + " tries";
      return Failure(std::move(error).with(call.what));
    }
    const milliseconds pause = outcome.wait.value_or(wait);
    if (tries.on_trouble) {
      tries.on_trouble(call.what + ": " + error.message + "; waits " +
                       human_duration(std::chrono::ceil<std::chrono::seconds>(pause)));
    }
    if (!wait_for(pause, stop)) return fail(Code::cancelled, "stopped");
    if (call.on_again) call.on_again();
    wait = std::min(wait * 2, milliseconds(60'000));
  }
}

Multipart multipart_file(const std::string& file_name, const Body& content) {
  // A boundary that the content cannot hold but by a chance of 2^-128.
  std::random_device random;
  Bytes noise(16);
  for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
  const std::string boundary = "eai-" + to_hex(noise);
  std::string told = file_name;
  std::replace(told.begin(), told.end(), '/', '-');
  auto bytes_of = [](const std::string& text) { return Bytes(text.begin(), text.end()); };
  Multipart out;
  out.body.add(bytes_of("--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" +
                        url_escaped(told) + "\"\r\nContent-Type: application/octet-stream\r\n\r\n"));
  out.body.add(content);
  out.body.add(bytes_of("\r\n--" + boundary + "--\r\n"));
  out.header = {"Content-Type", "multipart/form-data; boundary=" + boundary};
  return out;
}

std::string url_escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      std::string hex = to_hex({&byte, 1});
      for (char& digit : hex) digit = static_cast<char>(digit >= 'a' ? digit - 'a' + 'A' : digit);
      out += "%" + hex;
    }
  }
  return out;
}

}  // namespace eai::preserve
