#include "api/engine_call.h"

#include <cmath>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/sse.h"
#include "util/task.h"

namespace eai::api {
namespace {

struct Waiting {
  explicit Waiting(asio::io_context& context) : bell(context) {}
  asio::steady_timer bell;  // cancelled when the outcome is here
  asio::cancellation_signal give_up;
  std::optional<Result<engine::Lease>> outcome;
  engine::WaitNews news;
};

// Ends the wait in the pool when the waiting handler goes, in whatever way.
struct GiveUpGuard {
  std::shared_ptr<Waiting> waiting;
  ~GiveUpGuard() {
    if (!waiting->outcome) waiting->give_up.emit(asio::cancellation_type::terminal);
  }
};

asio::awaitable<void> take(engine::Pool& pool, engine::LeaseRequest request, std::shared_ptr<Waiting> waiting) {
  Result<engine::Lease> outcome = co_await pool.lease(std::move(request));
  waiting->outcome.emplace(std::move(outcome));
  waiting->bell.cancel();
}

std::string comment_of(const engine::WaitNews& news) {
  std::string out = news.phase.empty() ? "waiting" : news.phase;
  if (news.position > 0) out += ", position " + std::to_string(news.position);
  if (news.fraction > 0) out += ", " + std::to_string(std::lround(news.fraction * 100)) + " %";
  return http::sse_comment(out);
}

asio::awaitable<Result<engine::Lease>> lease_for_stream(Core& core, engine::LeaseRequest request, http::Outgoing& out,
                                                        const http::HeaderList& stream_head) {
  auto waiting = std::make_shared<Waiting>(core.context);
  std::weak_ptr<Waiting> weak = waiting;
  request.on_news = [weak, also = std::move(request.on_news)](const engine::WaitNews& news) {
    if (auto alive = weak.lock()) alive->news = news;
    if (also) also(news);
  };
  // The slot is touched once more after take() has ended: its signal must live until the completion handler goes.
  auto done = [waiting, end = Unawaited("a wait for an engine")](const std::exception_ptr& thrown) { end(thrown); };
  auto token = asio::bind_cancellation_slot(waiting->give_up.slot(), std::move(done));
  asio::awaitable<void> taking = take(core.pool, std::move(request), waiting);
  asio::co_spawn(core.context, std::move(taking), token);
  GiveUpGuard guard{waiting};
  constexpr auto as_tuple = asio::as_tuple(asio::deferred);
  while (!waiting->outcome) {
    waiting->bell.expires_after(core.options.first_news);
    auto [error] = co_await waiting->bell.async_wait(as_tuple);
    if (waiting->outcome) break;
    if (error) continue;
    std::string comment = comment_of(waiting->news);
    Result<void> sent;
    if (out.begun()) {
      sent = co_await out.write(comment);
    } else {
      sent = co_await out.begin(200, stream_head, comment);
    }
    if (!sent) co_return Failure(std::move(sent).error());
  }
  co_return std::move(*waiting->outcome);
}

asio::awaitable<Result<engine::Lease>> lease(Core& core, const EngineCall& call) {
  engine::LeaseRequest request;
  request.model_id = call.model_id;
  request.sender = call.sender;
  request.shape = call.shape;
  request.sees_log = call.sees_log;
  request.deadline = std::chrono::steady_clock::now() + core.options.wait_limit;
  request.on_news = call.on_news;
  if (call.stream_head == nullptr) return core.pool.lease(std::move(request));
  return lease_for_stream(core, std::move(request), call.out, *call.stream_head);
}

}  // namespace

asio::awaitable<std::string> end_of_engine(Core& core, const engine::Lease& lease) {
  constexpr auto as_tuple = asio::as_tuple(asio::deferred);
  asio::steady_timer timer(core.context);
  for (int tries = 0; tries < 200 && lease.ended().empty(); ++tries) {
    timer.expires_after(std::chrono::milliseconds(5));
    co_await timer.async_wait(as_tuple);
  }
  co_return lease.ended();
}

asio::awaitable<Result<EngineAnswer>> ask_engine(Core& core, const EngineCall& call) {
  for (int attempt = 0;; ++attempt) {
    auto leased = co_await lease(core, call);
    if (!leased) co_return Failure(std::move(leased).error());
    const auto asked = std::chrono::steady_clock::now();
    auto reply = co_await core.client.ask(leased->socket(), call.ask);
    if (reply) co_return EngineAnswer{*std::move(leased), *std::move(reply), asked};
    const bool unseen = reply.error().code == Code::not_found;  // nobody took the request
    Error error = co_await explain_end(core, *leased, std::move(reply).error(), "before it answered");
    const bool innocent = !leased->ended().empty() && !leased->blamed();
    if (attempt > 0 || !(unseen || innocent)) co_return Failure(std::move(error));
  }
}

asio::awaitable<bool> engine_is_well(Core& core, const engine::Lease& lease) {
  http::Ask question;
  question.target = "/health";
  question.head_timeout = std::chrono::seconds(2);
  auto answer = co_await core.client.ask(lease.socket(), question);
  co_return answer && answer->status() == 200 && lease.ended().empty();
}

asio::awaitable<Error> explain_end(Core& core, const engine::Lease& lease, Error error, std::string_view when) {
  if (error.code != Code::network && error.code != Code::not_found) co_return error;
  const std::string how = co_await end_of_engine(core, lease);
  if (how.empty()) co_return Error{Code::network, "the engine did not finish its answer: " + error.message};
  co_return Error{Code::network, "the engine ended " + std::string(when) + ": " + how};
}

}  // namespace eai::api
