// One request through: check, choose, lease, ask, pass on.
#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/api_error.h"
#include "api/core.h"
#include "http/address.h"
#include "util/text.h"

namespace eai::api {
namespace {

constexpr std::size_t k_scan_here = 1 * k_mib;       // larger bodies are scanned on the worker
constexpr std::size_t k_collect_limit = 64 * k_mib;  // of an answer that is not a stream
constexpr std::size_t k_event_limit = 16 * k_mib;    // an event longer than this is passed on in pieces

asio::awaitable<Result<BodyFacts>> scan(std::string_view body) { co_return scan_body(body); }

asio::awaitable<Result<BodyFacts>> scan_elsewhere(Core& core, std::string_view body) {
  asio::awaitable<Result<BodyFacts>> work = scan(body);
  if (!core.workers) core.workers.emplace(1);
  co_return co_await asio::co_spawn(*core.workers, std::move(work), asio::use_awaitable);
}

Result<void> check_images(const ApiOptions& options, const ServedModel& model, const BodyFacts& facts) {
  if (facts.remote_media) {
    return fail(Code::invalid,
                "sound, film and files by address are not fetched; send them inside the request, base64");
  }
  if (facts.images == 0) return {};
  if (!model.has_projector) {
    return fail(Code::invalid, "the model " + model.folder_name + " has no projector and cannot see pictures");
  }
  if (!facts.strange_image.empty()) {
    return fail(Code::invalid,
                "a picture's address must be a data: URI or begin with http(s)://, not '" + facts.strange_image + "'");
  }
  if (facts.spots.size() > k_max_image_spots) {
    return fail(Code::invalid,
                "a request may have at most " + std::to_string(k_max_image_spots) + " pictures by address");
  }
  const bool remote =
      std::any_of(facts.spots.begin(), facts.spots.end(), [](const ImageSpot& spot) { return spot.remote; });
  if (remote && options.remote_images == RemoteImages::none) {
    return fail(Code::invalid, "this server fetches no pictures by address; send them as data:image/png;base64,…");
  }
  return {};
}

PictureRules picture_rules(const ApiOptions& options) {
  PictureRules rules;
  rules.deadline = options.picture_deadline;
  rules.peer_allowed = http::is_public_address;
  if (options.remote_images == RemoteImages::anywhere) rules.peer_allowed = [](std::string_view) { return true; };
  return rules;
}

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
  Exchange& out;
  std::string fallback;  // why it is not the model that was asked for
  std::optional<engine::Lease> lease;
  std::shared_ptr<void> pictures_room;  // held while the body is

  // Truth and CORS. Made when they are sent: an answer may take long, and many wait.
  http::HeaderList headers() const {
    http::HeaderList made = common_headers(core, in, out.record.id);
    if (!out.record.model.empty()) add_truth(made, out.record.model, fallback);
    return made;
  }

  asio::awaitable<void> refuse(Error error) {
    if (out.begun()) {  // a waiting stream: the status is out already
      std::string event = error_event(error, endpoint.style);
      if (auto written = co_await out.write(event); written) co_await out.end();
      co_return;
    }
    http::Reply reply = error_reply(error, endpoint.style, retry_after(core, out.record.model));
    append(reply.headers, headers());
    co_await out.send(reply);
  }

  // The engine's own refusal, passed on as it is; in a begun stream as an event.
  asio::awaitable<void> pass_error(http::Answer& answer) {
    auto body = co_await collect(answer, k_mib);
    if (!body) {
      co_await refuse(std::move(body).error());
      co_return;
    }
    if (auto fault = fault_of_request(answer.status(), *body)) {
      co_await refuse(*std::move(fault));
      co_return;
    }
    if (out.begun()) {
      std::string event = error_event(*body, endpoint.style);
      if (auto written = co_await out.write(event); written) co_await out.end();
      co_return;
    }
    http::Reply reply{answer.status(), {{"content-type", "application/json"}}, *std::move(body)};
    append(reply.headers, headers());
    co_await out.send(reply);
  }

  asio::awaitable<Result<std::string>> collect(http::Answer& answer, std::size_t limit) {
    std::string body = answer.take_rest();
    while (!answer.whole()) {
      auto more = co_await answer.read(core.options.stall_limit);
      if (!more) co_return Failure(std::move(more).error());
      body += *more;
      if (body.size() > limit) co_return fail(Code::network, "the engine's answer is larger than expected");
    }
    co_return body;
  }

  // A whole answer: sent with its length, so that a crash in its middle can still become an error.
  asio::awaitable<Result<void>> pass_whole(http::Answer& answer) {
    Result<std::string> body;
    if (answer.whole())
      body = answer.take_rest();  // mostly it came with its head
    else
      body = co_await collect(answer, k_collect_limit);
    if (!body) co_return Failure(std::move(body).error());
    lease.reset();  // a slow reader needs no engine
    out.note_answer(*body);
    http::Reply reply{answer.status(), headers(), *std::move(body)};
    reply.headers.emplace_back("content-type", "application/json");
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
      out.note_event(arrived.substr(0, whole));
      sent = co_await out.begin(answer.status(), head, arrived.substr(0, whole));
      arrived.remove_prefix(whole);
    }
    while (sent) {
      if (pending.empty() && end_of_events(arrived) == arrived.size()) {
        out.note_event(arrived);
        sent = co_await out.write(arrived);  // the usual case: nothing to keep
      } else {
        pending += arrived;
        const std::size_t whole = pending.size() > k_event_limit ? pending.size() : end_of_events(pending);
        out.note_event(std::string_view(pending).substr(0, whole));
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

  http::HeaderList stream_head() const {
    http::HeaderList head = {{"content-type", "text/event-stream"}, {"cache-control", "no-cache"}};
    append(head, headers());
    return head;
  }

  asio::awaitable<void> pass(http::Answer& answer) {
    if (answer.status() >= 400) {
      co_await pass_error(answer);
      co_return;
    }
    bool events = http::find_header(answer.headers(), "content-type").starts_with("text/event-stream");
    Result<void> passed;
    if (events) {
      const http::HeaderList head = stream_head();
      passed = co_await pass_stream(answer, head);
    } else {
      passed = co_await pass_whole(answer);
    }
    if (passed) co_return;
    if (lease && passed.error().code == Code::network) co_await end_of_engine(core, *lease);
    co_await refuse(ended(std::move(passed).error()));
  }

  // What is known of an engine that went away, or fell silent, under its lease.
  Error ended(Error error) const {
    const std::string how = lease ? lease->ended() : std::string();
    if (error.code == Code::timeout) return error;
    if (how.empty()) return Error{Code::network, "the engine did not finish its answer: " + error.message};
    return Error{Code::network, "the engine ended in the middle of its answer: " + how};
  }
};

// Which model answers, if the request is one that it can answer. The choice holds for this request, whatever is reloaded
// meanwhile.
Result<void> choose(Relay& exchange, const BodyFacts& facts) {
  Core& core = exchange.core;
  EAI_CHECK(check_body(exchange.endpoint, facts));
  std::optional<std::string_view> named;
  if (facts.model_kind == Kind::string) named = facts.model;
  EAI_TRY(Choice choice, core.choose(named, exchange.endpoint.fits, exchange.in.path()));
  EAI_CHECK(check_images(core.options, *choice.model, facts));
  core.note_use(choice.model->id);
  exchange.fallback = std::move(choice.fallback);
  exchange.out.record.model = choice.model->id;
  return {};
}

// Puts the pictures that the request names by address into its body.
asio::awaitable<Result<void>> fetch_pictures(Relay& exchange, BodyFacts& facts) {
  PictureRules rules = picture_rules(exchange.core.options);
  const auto count =
      std::count_if(facts.spots.begin(), facts.spots.end(), [](const auto& spot) { return spot.remote; });
  auto embedded =
      co_await exchange.core.pictures.embed(std::move(exchange.in.body), std::move(facts.spots), std::move(rules));
  exchange.core.meter.note_pictures(static_cast<std::uint64_t>(count), embedded.has_value(),
                                    embedded ? embedded->fetched : 0);
  if (!embedded) co_return Failure(std::move(embedded).error());
  exchange.in.body = std::move(embedded->text);
  exchange.pictures_room = std::move(embedded->room);
  co_return Result<void>();
}

// What comes before an engine is asked for: whether the answer is to be a stream.
asio::awaitable<Result<bool>> prepare(Relay& exchange) {
  const std::string_view body = exchange.in.body;
  Result<BodyFacts> facts = body.size() <= k_scan_here ? scan_body(body) : BodyFacts{};
  if (body.size() > k_scan_here) facts = co_await scan_elsewhere(exchange.core, body);
  if (!facts) co_return Failure(std::move(facts).error());
  if (auto chosen = choose(exchange, *facts); !chosen) co_return Failure(std::move(chosen).error());
  if (!facts->spots.empty()) {
    auto fetched = co_await fetch_pictures(exchange, *facts);
    if (!fetched) co_return Failure(std::move(fetched).error());
  }
  co_return facts->stream;
}

}  // namespace

asio::awaitable<void> relay(std::shared_ptr<Core> owner, const Endpoint& endpoint, http::Incoming& in,
                            http::Outgoing& to) {
  Core& core = *owner;
  Exchange out(to, core.meter, core.request_log, request_id_of(in), endpoint.path);
  Relay exchange{core, endpoint, in, out, {}, std::nullopt, nullptr};
  const Result<bool> stream = co_await prepare(exchange);
  if (!stream) {
    co_await exchange.refuse(stream.error());
    co_return;
  }
  const http::HeaderList waiting_head = *stream ? exchange.stream_head() : http::HeaderList{};
  // Leases and asks; once more if the engine had died before it saw the request.
  for (int attempt = 0;; ++attempt) {
    auto leased = co_await lease_with_news(core, out.record.model, out, *stream ? &waiting_head : nullptr);
    if (!leased) {
      co_await exchange.refuse(std::move(leased).error());
      co_return;
    }
    exchange.lease.emplace(*std::move(leased));
    http::Ask ask;
    ask.method = "POST";
    ask.target = endpoint.target;
    ask.content_type = "application/json";
    ask.body = in.body;
    // Without stream an engine sends its head when the whole answer is there.
    ask.head_timeout = *stream ? core.options.stall_limit : core.options.answer_limit;
    auto answer = co_await core.client.ask(exchange.lease->socket(), std::move(ask));
    if (!answer && answer.error().code == Code::not_found && attempt == 0) {
      co_await end_of_engine(core, *exchange.lease);
      exchange.lease.reset();
      continue;
    }
    std::string().swap(in.body);  // the engine has it; assigning would keep its memory
    exchange.pictures_room.reset();
    if (!answer) {
      if (answer.error().code == Code::network) co_await end_of_engine(core, *exchange.lease);
      co_await exchange.refuse(exchange.ended(std::move(answer).error()));
      co_return;
    }
    co_await exchange.pass(*answer);
    co_return;
  }
}

}  // namespace eai::api
