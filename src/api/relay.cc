// The way of one request: it is prepared, an engine is asked, and its answer is passed on.
#include "api/relay.h"

#include "api/engine_call.h"
#include "api/engine_error.h"
#include "api/vectors.h"
#include "http/sse.h"

namespace eai::api {
namespace {

constexpr std::size_t k_collect_limit = 64 * k_mib;  // of an answer that is not a stream
constexpr std::size_t k_event_limit = 16 * k_mib;    // an event longer than this is passed on in pieces
constexpr std::chrono::seconds k_at_once{2};         // an engine that refuses so soon has done no work
constexpr std::string_view k_data = "data: ", k_error = R"(data: {"error":)";

// Where an engine's error begins among its events; npos: there is none.
std::size_t start_of_error(std::string_view events) {
  std::size_t at = events.find(k_error);
  while (at != std::string_view::npos && at > 0 && events[at - 1] != '\n') at = events.find(k_error, at + 1);
  return at;
}

// The way back; the functions below are its steps.
struct Passing : Relay {
  // Which model answers, and CORS. Made only when they are sent, because an answer may take long and many may wait.
  http::HeaderList headers() const {
    http::HeaderList made = common_headers(core, in, out.record.id);
    if (!out.record.model.empty()) add_truth(made, out.record.model, fallback);
    add_ignored(made, ignored);
    return made;
  }

  // Not a coroutine, so that its arguments need no room in the frames of its callers, of which every request has some.
  asio::awaitable<void> refuse(const Error& error, const std::string& code = {}) { return send_refusal(error, code); }

  asio::awaitable<void> send_refusal(Error error, std::string code) {
    // Anthropic's package sends whole conversations once it knows.
    if (endpoint.form == Form::message && error.about == "thread") code = "thread_unsupported_request";
    if (out.begun()) {  // a waiting stream: the status is out already
      std::string event = translation ? translation->failure(error) : error_event(error, Style::openai, code);
      if (auto written = co_await out.write(event); written) co_await out.end();
      co_return;
    }
    http::Reply reply = error_reply(error, endpoint.style, retry_after(core, out.record.model), code);
    name_request(reply, out.record.id);
    append(reply.headers, headers());
    co_await out.send(reply);
  }

  // The engine's refusal, in words and with a status that fit its client.
  asio::awaitable<void> pass_error(EngineAnswer& answer) {
    const bool at_once = std::chrono::steady_clock::now() - answer.asked < k_at_once;
    const int status = answer.reply.status();
    auto body = co_await collect(answer.reply, k_mib);
    if (!body) {
      co_await refuse(body.error());
      co_return;
    }
    lease->note_answered();
    const bool asked_wrongly = status >= 500 && at_once && co_await engine_is_well(core, *lease);
    EngineError told = read_engine_error(status, *body, asked_wrongly);
    co_await refuse(told.error, told.code);
  }

  // The engine has answered to the end.
  void let_go() {
    lease->note_answered();
    lease.reset();
  }

  asio::awaitable<Result<std::string>> collect(http::IncomingReply& answer, std::size_t limit) {
    std::string body = answer.take_rest();
    while (!answer.whole()) {
      auto more = co_await answer.read(core.options.stall_limit);
      if (!more) co_return Failure(std::move(more).error());
      body += *more;
      if (body.size() > limit) co_return fail(Code::network, "the engine's answer is larger than expected");
    }
    co_return body;
  }

  // The engine's whole answer in the client's form.
  Result<std::string> shaped(std::string body) {
    if (translation) return translation->whole(body);
    if (dimensions > 0) return cut_vectors(body, dimensions);
    return body;
  }

  // A whole answer is sent with its length, so that a crash in its middle can still become an error.
  asio::awaitable<void> pass_whole(http::IncomingReply& answer) {
    Result<std::string> body;
    if (answer.whole())
      body = answer.take_rest();  // mostly it came with its head
    else
      body = co_await collect(answer, k_collect_limit);
    if (body) {
      let_go();  // a slow reader needs no engine
      out.note_answer(*body);
      body = shaped(*std::move(body));
    }
    if (!body) {
      co_await give_up(body.error());
      co_return;
    }
    http::Reply reply{answer.status(), headers(), *std::move(body)};
    reply.headers.emplace_back("content-type", "application/json");
    co_await out.send(reply);
  }

  // The engine's answer cannot be passed on to its end.
  asio::awaitable<void> give_up(Error error) {
    if (lease) error = co_await explain_end(core, *lease, std::move(error), "in the middle of its answer");
    co_await refuse(error);
  }

  // The engine gave up in its stream. A client that has seen nothing of it gets a status.
  asio::awaitable<void> pass_stream_error(std::string_view event, std::chrono::steady_clock::time_point asked) {
    const bool at_once = std::chrono::steady_clock::now() - asked < k_at_once;
    const std::string body(event.substr(0, event.find('\n')));
    const bool asked_wrongly = at_once && co_await engine_is_well(core, *lease);
    EngineError told = read_stream_error(body, asked_wrongly);
    co_await refuse(told.error, told.code);
  }

  // Only whole events are passed on: what a dying engine leaves unfinished must not reach a client as an event.
  asio::awaitable<Result<void>> pass_stream(EngineAnswer& answer, const http::HeaderList& head) {
    std::string pending;
    std::string_view arrived = answer.reply.take_arrived();
    while (true) {
      std::string_view events = arrived;  // the usual case: nothing to keep
      const bool kept = !pending.empty() || http::end_of_sse_events(arrived) != arrived.size();
      if (kept) {
        pending += arrived;
        const bool long_event = pending.size() > k_event_limit;
        events = std::string_view(pending).substr(0, long_event ? pending.size() : http::end_of_sse_events(pending));
      }
      const std::size_t error = start_of_error(events);
      const bool failed = error != std::string_view::npos;
      const std::string_view good = events.substr(0, error);
      out.note_event(good);
      Result<void> sent;
      if (!out.begun() && !(failed && good.empty()))
        sent = co_await out.begin(answer.reply.status(), head, good);
      else if (!good.empty())
        sent = co_await out.write(good);
      if (!sent) break;
      if (failed) {
        co_await pass_stream_error(events.substr(error + k_data.size()), answer.asked);
        break;
      }
      if (kept) pending.erase(0, events.size());
      auto more = co_await answer.reply.read(core.options.stall_limit);
      if (!more) co_return Failure(std::move(more).error());
      arrived = *more;
      if (arrived.empty()) {
        let_go();
        if (!pending.empty()) sent = co_await out.write(pending);
        if (sent) co_await out.end();
        break;
      }
    }
    co_return Result<void>{};  // a client that has disconnected is not an error of ours
  }

  // The same for an API that engines do not speak: each event becomes others.
  asio::awaitable<Result<void>> pass_translated(EngineAnswer& answer, const http::HeaderList& head) {
    http::SseReader reader(k_event_limit);
    std::string events;
    std::string_view arrived = answer.reply.take_arrived();
    for (bool ended = false; !ended;) {
      out.note_event(arrived);
      if (auto fed = reader.feed(arrived); !fed) co_return Failure(std::move(fed).error());
      std::string error;
      while (auto event = reader.next()) {
        if (event->data.starts_with(k_error.substr(k_data.size()))) {
          error = event->data;
          break;
        }
        if (!event->data.empty() && event->data != "[DONE]") events += translation->events(event->data);
      }
      Result<void> sent;
      if (!out.begun() && error.empty())
        sent = co_await out.begin(answer.reply.status(), head, events);
      else if (!events.empty())
        sent = co_await out.write(events);
      if (!sent) co_return Result<void>{};  // the client has disconnected
      if (!error.empty()) {
        co_await pass_stream_error(error, answer.asked);
        co_return Result<void>{};
      }
      events.clear();
      auto more = co_await answer.reply.read(core.options.stall_limit);
      if (!more) co_return Failure(std::move(more).error());
      arrived = *more;
      ended = arrived.empty();
    }
    let_go();
    events = translation->finish();
    if (auto sent = co_await out.write(events); sent) co_await out.end();
    co_return Result<void>{};
  }

  http::HeaderList stream_head() const {
    http::HeaderList head = {{"content-type", "text/event-stream"}, {"cache-control", "no-cache"}};
    append(head, headers());
    return head;
  }

  asio::awaitable<void> pass_events(EngineAnswer& answer) {
    const http::HeaderList head = stream_head();
    Result<void> passed;
    if (translation)
      passed = co_await pass_translated(answer, head);
    else
      passed = co_await pass_stream(answer, head);
    if (!passed) co_await give_up(passed.error());
  }

  asio::awaitable<void> pass(EngineAnswer& answer) {
    if (answer.reply.status() >= 400) return pass_error(answer);
    const bool events = http::find_header(answer.reply.headers(), "content-type").starts_with("text/event-stream");
    return events ? pass_events(answer) : pass_whole(answer.reply);
  }
};

}  // namespace

asio::awaitable<void> relay(Core& core, const Endpoint& endpoint, http::Call call) {
  http::Incoming& in = call.in;
  Exchange out(in, call.out, call.name, core.metrics, core.request_log);
  Passing passing{{core, endpoint, in, out}};
  const Result<bool> stream = co_await prepare(passing);
  if (!stream) {
    co_await passing.refuse(stream.error(), passing.refusal_code);
    co_return;
  }
  const http::HeaderList waiting_head = *stream ? passing.stream_head() : http::HeaderList{};
  EngineCall question{out.record.model, {}, out, sender_of(core.options, in), passing.shape, is_local(in)};
  if (*stream) question.stream_head = &waiting_head;
  question.ask.method = "POST";
  question.ask.target = endpoint.engine_path;
  question.ask.content_type = "application/json";
  question.ask.body = in.body;
  // Without stream an engine sends its head when the whole answer is there.
  question.ask.head_timeout = *stream ? core.options.stall_limit : core.options.answer_limit;
  auto answer = co_await ask_engine(core, question);
  std::string().swap(in.body);  // the engine has it; assigning would keep its memory
  passing.pictures_room.reset();
  passing.pictures_pass.reset();
  if (!answer) {
    co_await passing.refuse(answer.error());
    co_return;
  }
  passing.lease.emplace(std::move(answer->lease));
  co_await passing.pass(*answer);
}

}  // namespace eai::api
