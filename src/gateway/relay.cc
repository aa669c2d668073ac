// One request through: check, choose, lease, ask, pass on.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gateway/api_error.h"
#include "gateway/core.h"
#include "util/log.h"
#include "util/text.h"

namespace eai::gateway {
namespace {

constexpr std::size_t k_scan_here = 1 * k_mib;       // larger bodies are scanned on the worker
constexpr std::size_t k_collect_limit = 64 * k_mib;  // of an answer that is not a stream
constexpr std::size_t k_event_limit = 16 * k_mib;    // an event longer than this is passed on in pieces

asio::awaitable<Result<BodyFacts>> scan_elsewhere(std::string_view body) { co_return scan_body(body); }

asio::awaitable<Result<BodyFacts>> scan(Core& core, std::string_view body) {
  if (body.size() <= k_scan_here) co_return scan_body(body);
  asio::awaitable<Result<BodyFacts>> work = scan_elsewhere(body);
  co_return co_await asio::co_spawn(core.workers, std::move(work), asio::use_awaitable);
}

Result<void> check_images(const ServedModel& model, const BodyFacts& facts) {
  if (facts.remote_media) {
    return fail(Code::invalid,
                "sound, film and pictures by address are not fetched; send them inside the request, base64");
  }
  if (facts.images == 0) return {};
  if (!model.has_projector) {
    return fail(Code::invalid, "the model " + model.folder_name + " has no projector and cannot see pictures");
  }
  if (facts.bare_image_urls > 0) {
    return fail(Code::invalid, "image_url must be an object: {\"image_url\": {\"url\": \"data:image/png;base64,…\"}}");
  }
  if (facts.remote_images > 0) {
    return fail(Code::invalid, "pictures by http(s) address are not fetched; send them as data:image/…;base64,…");
  }
  if (!facts.strange_image.empty()) {
    return fail(Code::invalid, "image_url.url must be a data: URI, not '" + facts.strange_image + "'");
  }
  return {};
}

void append(http::HeaderList& to, const http::HeaderList& from) { to.insert(to.end(), from.begin(), from.end()); }

// The end of the last whole event in `bytes`; 0: there is none.
std::size_t end_of_events(std::string_view bytes) {
  const auto plain = bytes.rfind("\n\n");
  const auto with_returns = bytes.rfind("\r\n\r\n");
  std::size_t end = plain == std::string_view::npos ? 0 : plain + 2;
  if (with_returns != std::string_view::npos) end = std::max(end, with_returns + 4);
  return end;
}

// One exchange on its way; the functions below are its steps.
struct Relay {
  Core& core;
  const Endpoint& endpoint;
  http::Incoming& in;
  http::Outgoing& out;
  http::HeaderList headers;  // truth and CORS
  std::optional<engine::Lease> lease;

  asio::awaitable<void> refuse(Error error) {
    if (out.begun()) {  // a waiting stream: the status is out already
      std::string event = error_event(error, endpoint.style);
      if (auto written = co_await out.write(event); written) co_await out.end();
      co_return;
    }
    http::Reply reply = error_reply(error, endpoint.style);
    append(reply.headers, headers);
    co_await out.send(reply);
  }

  // The engine's own refusal, passed on as it is; in a begun stream as an event.
  asio::awaitable<void> pass_error(http::Answer& answer) {
    auto body = co_await collect(answer, k_mib);
    if (!body) {
      co_await refuse(std::move(body).error());
      co_return;
    }
    if (out.begun()) {
      std::string event = error_event(*body, endpoint.style);
      if (auto written = co_await out.write(event); written) co_await out.end();
      co_return;
    }
    http::Reply reply{answer.status(), {{"content-type", "application/json"}}, *std::move(body)};
    append(reply.headers, headers);
    co_await out.send(reply);
  }

  asio::awaitable<Result<std::string>> collect(http::Answer& answer, std::size_t limit) {
    std::string body(answer.take_arrived());
    while (true) {
      auto more = co_await answer.read(core.options.stall_limit);
      if (!more) co_return Failure(std::move(more).error());
      if (more->empty()) co_return body;
      body += *more;
      if (body.size() > limit) co_return fail(Code::network, "the engine's answer is larger than expected");
    }
  }

  // A whole answer: sent with its length, so that a crash in its middle can still become an error.
  asio::awaitable<Result<void>> pass_whole(http::Answer& answer) {
    auto body = co_await collect(answer, k_collect_limit);
    if (!body) co_return Failure(std::move(body).error());
    lease.reset();  // a slow reader needs no engine
    http::Reply reply{answer.status(), {{"content-type", "application/json"}}, *std::move(body)};
    append(reply.headers, headers);
    co_await out.send(reply);
    co_return Result<void>{};
  }

  // Passes on whole events only: what an engine leaves unfinished when it dies must not reach a client as an event.
  asio::awaitable<Result<void>> pass_stream(http::Answer& answer, const http::HeaderList& head) {
    std::string pending;
    std::string_view arrived = answer.take_arrived();
    Result<void> sent;
    if (!out.begun()) {
      const std::size_t whole = end_of_events(arrived);
      sent = co_await out.begin(answer.status(), head, arrived.substr(0, whole));
      arrived.remove_prefix(whole);
    }
    while (sent) {
      if (pending.empty() && end_of_events(arrived) == arrived.size()) {
        sent = co_await out.write(arrived);  // the usual case: nothing to keep
      } else {
        pending += arrived;
        const std::size_t whole = pending.size() > k_event_limit ? pending.size() : end_of_events(pending);
        sent = co_await out.write(std::string_view(pending).substr(0, whole));
        pending.erase(0, whole);
      }
      if (!sent) break;
      auto more = co_await answer.read(core.options.stall_limit);
      if (!more) co_return Failure(std::move(more).error());
      arrived = *more;
      if (arrived.empty()) {
        lease.reset();
        if (!pending.empty()) sent = co_await out.write(pending);
        if (sent) co_await out.end();
        break;
      }
    }
    co_return Result<void>{};  // a client that has gone is no error of ours
  }

  // Leases and asks; once more if the engine had died before it saw the request.
  asio::awaitable<void> run(std::string model_id, bool stream) {
    http::HeaderList stream_head = {{"content-type", "text/event-stream"}, {"cache-control", "no-cache"}};
    append(stream_head, headers);
    for (int attempt = 0;; ++attempt) {
      auto leased = co_await lease_with_news(core, model_id, out, stream ? &stream_head : nullptr);
      if (!leased) {
        co_await refuse(std::move(leased).error());
        co_return;
      }
      lease.emplace(*std::move(leased));
      http::Ask ask;
      ask.method = "POST";
      ask.target = endpoint.target;
      ask.headers = {{"content-type", "application/json"}};
      ask.body = in.body;
      // Without stream an engine sends its head when the whole answer is there.
      ask.head_timeout = stream ? core.options.stall_limit : core.options.answer_limit;
      auto answer = co_await core.client.ask(lease->socket(), std::move(ask));
      if (!answer && answer.error().code == Code::not_found && attempt == 0) {
        lease.reset();
        continue;
      }
      if (!answer) {
        co_await refuse(ended(std::move(answer).error()));
        co_return;
      }
      co_await pass(*answer, stream_head);
      co_return;
    }
  }

  asio::awaitable<void> pass(http::Answer& answer, const http::HeaderList& stream_head) {
    if (answer.status() >= 400) {
      co_await pass_error(answer);
      co_return;
    }
    bool events = http::find_header(answer.headers(), "content-type").starts_with("text/event-stream");
    Result<void> passed;
    if (events) {
      passed = co_await pass_stream(answer, stream_head);
    } else {
      passed = co_await pass_whole(answer);
    }
    if (!passed) co_await refuse(ended(std::move(passed).error()));
  }

  // What is known of an engine that went away, or fell silent, under its lease.
  Error ended(Error error) const {
    const std::string how = lease ? lease->ended() : std::string();
    if (error.code == Code::timeout) return error;
    if (how.empty()) return Error{Code::network, "the engine did not finish its answer: " + error.message};
    return Error{Code::network, "the engine ended in the middle of its answer: " + how};
  }
};

}  // namespace

asio::awaitable<void> relay(Core& core, const Endpoint& endpoint, http::Incoming& in, http::Outgoing& out) {
  std::string request_id = make_request_id();
  Relay exchange{core, endpoint, in, out, cors_headers(core.options, in), std::nullopt};
  exchange.headers.emplace_back("x-request-id", request_id);

  auto facts = co_await scan(core, in.body);
  Result<void> fit;
  if (facts) fit = check_body(endpoint, *facts);
  if (!facts || !fit) {
    co_await exchange.refuse(facts ? std::move(fit).error() : std::move(facts).error());
    co_return;
  }
  std::optional<std::string_view> named;
  if (facts->model_kind == Kind::string) named = facts->model;
  auto choice = core.choose(named, endpoint.fits, in.path());
  if (choice) fit = check_images(*choice->model, *facts);
  if (!choice || !fit) {
    co_await exchange.refuse(choice ? std::move(fit).error() : std::move(choice).error());
    co_return;
  }
  core.note_use(choice->model->id);
  exchange.headers = truth_headers(*choice, request_id);
  append(exchange.headers, cors_headers(core.options, in));
  std::string model_id = choice->model->id;  // the choice points into what a reload may replace
  co_await exchange.run(std::move(model_id), facts->stream);
}

}  // namespace eai::gateway
