#include "admin/routes.h"

#include <charconv>
#include <optional>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include "admin/progress_json.h"
#include "http/sse.h"
#include "util/error_map.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::admin {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::string_view k_json = "application/json";
constexpr std::string_view k_events = "text/event-stream";
constexpr std::string_view k_one = "/eai/v1/jobs/{id}";
constexpr std::chrono::seconds k_silence{15};
constexpr std::chrono::milliseconds k_between_news{100};  // what comes faster is sent together

using Answer = Result<json::value>;

http::Reply reply_of(const Answer& answer, int good) {
  http::Reply out{good, {{"content-type", std::string(k_json)}}, {}};
  json::value body;
  if (answer) {
    body = *answer;
  } else {
    const ErrorFace face = face_of(answer.error().code);
    out.status = face.http_status;
    json::object error = to_json(answer.error());
    error["type"] = face.openai_type;
    body = json::object{{"error", std::move(error)}};
  }
  out.body = shown_json(json::serialize(body)) + "\n";
  return out;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
  return wrong == std::errc() && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

Result<std::uint64_t> id_in(const http::Call& call) {
  if (const auto id = number_of(call.value)) return *id;
  return fail(Code::not_found, "there is no job " + printable(call.value, 40));
}

std::uint64_t last_event(const http::Incoming& in) { return number_of(in.header("last-event-id")).value_or(0); }

Answer value_of(Result<json::object> object) {
  if (!object) return Failure(std::move(object).error());
  return json::value(*std::move(object));
}

Result<json::object> body_of(const http::Incoming& in) {
  boost::system::error_code wrong;
  json::value value = json::parse(in.body, wrong);
  if (wrong) return fail(Code::invalid, "the request's body is not JSON: " + wrong.message());
  if (!value.is_object()) return fail(Code::invalid, "the request's body must be a JSON object");
  return std::move(value.get_object());
}

asio::awaitable<void> send(http::Call call, Answer answer, int good = 200) {
  const http::Reply reply = reply_of(answer, good);
  co_await call.out.send(reply);
}

using Page = Answer (*)(Jobs&, const http::Call&);

asio::awaitable<void> answer_page(Jobs& jobs, Page page, http::Call call) {
  Answer answer = page(jobs, call);
  co_await send(call, std::move(answer));
}

asio::awaitable<void> add(Jobs& jobs, http::Call call) {
  auto body = body_of(call.in);
  Result<json::object> added = Failure(Error{});
  if (body) {
    json::object request = *std::move(body);
    added = co_await jobs.add(std::move(request));
  } else {
    added = Failure(std::move(body).error());
  }
  Answer answer = value_of(std::move(added));
  co_await send(call, std::move(answer), 201);
}

asio::awaitable<void> resume(Jobs& jobs, http::Call call) {
  const auto id = id_in(call);
  Result<json::object> resumed = Failure(Error{});
  if (id) {
    resumed = co_await jobs.resume(*id);
  } else {
    resumed = Failure(id.error());
  }
  Answer answer = value_of(std::move(resumed));
  co_await send(call, std::move(answer));
}

std::string text_of_event(const library::Event& event) {
  const std::string id = std::to_string(event.number);
  const auto* note = std::get_if<library::Note>(&event.what);
  const json::object data = note != nullptr ? to_json(*note) : to_json(std::get<library::Progress>(event.what));
  const std::string text = shown_json(json::serialize(data));
  return http::sse_event({.data = text, .event = note != nullptr ? "note" : "progress", .id = id});
}

// What happened to one job since the event `seen`; `at_rest` when it says how it stands in the end.
struct Chunk {
  std::string text;
  bool at_rest = false;
};

Result<Chunk> next_chunk(const Jobs& jobs, std::uint64_t id, std::uint64_t& seen) {
  EAI_TRY(const Jobs::News news, jobs.news(id, seen));
  Chunk out;
  for (const library::Event& event : news.events) {
    out.text += text_of_event(event);
    seen = event.number;
  }
  if (!news.at_rest) return out;
  const std::string record = shown_json(json::serialize(to_json(news.record)));
  out.text += http::sse_event({.data = record, .event = "rest"});
  out.at_rest = true;
  return out;
}

asio::awaitable<void> breathe() {
  asio::steady_timer timer(co_await asio::this_coro::executor, k_between_news);
  co_await timer.async_wait(asio::use_awaitable);
}

http::HeaderList head_of_stream() { return {{"content-type", std::string(k_events)}, {"cache-control", "no-cache"}}; }

asio::awaitable<void> follow(Jobs& jobs, http::Call call) {
  const auto id = id_in(call);
  std::uint64_t seen = last_event(call.in), change = jobs.change_number();
  auto chunk = id ? next_chunk(jobs, *id, seen) : Result<Chunk>(Failure(id.error()));
  if (!chunk) {
    Answer refused = Failure(std::move(chunk).error());
    co_await send(call, std::move(refused));
    co_return;
  }
  const http::HeaderList head = head_of_stream();
  if (!co_await call.out.begin(200, head, chunk->text)) co_return;
  while (!chunk->at_rest) {
    co_await jobs.change(k_silence, change);
    co_await breathe();
    change = jobs.change_number();
    chunk = next_chunk(jobs, *id, seen);
    if (!chunk) break;  // it was forgotten
    if (chunk->text.empty()) chunk->text = http::sse_comment("still working");
    if (!co_await call.out.write(chunk->text)) co_return;
  }
  co_await call.out.end();
}

asio::awaitable<void> follow_all(Jobs& jobs, http::Call call) {
  std::uint64_t seen = last_event(call.in);
  const http::HeaderList head = head_of_stream();
  if (!co_await call.out.begin(200, head, http::sse_comment("jobs"))) co_return;
  while (true) {
    const std::uint64_t change = jobs.change_number();
    std::string text;
    for (const json::object& job : jobs.changed_since(seen)) {
      seen = job.at("change").to_number<std::uint64_t>();
      const std::string id = std::to_string(seen), data = shown_json(json::serialize(job));
      text += http::sse_event({.data = data, .event = "job", .id = id});
    }
    if (text.empty()) text = http::sse_comment("nothing new");
    if (!co_await call.out.write(text)) co_return;
    co_await jobs.change(k_silence, change);
    co_await breathe();
  }
}

http::Route route(http::Method method, std::string_view path, std::string_view summary,
                  std::function<asio::awaitable<void>(http::Call)> handle) {
  http::Route out;
  out.method = method;
  out.path = path;
  out.access = http::Access::owner;
  out.summary = summary;
  out.handle = std::move(handle);
  return out;
}

http::Route page(Jobs& jobs, http::Method method, std::string_view path, std::string_view summary, Page page) {
  return route(method, path, summary, [&jobs, page](http::Call call) { return answer_page(jobs, page, call); });
}

template <auto Act>
Answer act(Jobs& jobs, const http::Call& call) {
  EAI_TRY(const std::uint64_t id, id_in(call));
  return value_of((jobs.*Act)(id));
}

Answer forget(Jobs& jobs, const http::Call& call) {
  EAI_TRY(const std::uint64_t id, id_in(call));
  EAI_CHECK(jobs.forget(id));
  return json::value(json::object{{"id", id}, {"forgotten", true}});
}

}  // namespace

std::vector<http::Route> routes(Jobs& jobs) {
  using http::Method;
  std::vector<http::Route> out;
  out.push_back(page(jobs, Method::get, "/eai/v1/jobs", "Lists the jobs.", [](Jobs& all, const http::Call&) -> Answer {
    return json::value(json::object{{"jobs", all.all()}});
  }));
  out.push_back(
      route(Method::post, "/eai/v1/jobs", "Begins a job.", [&jobs](http::Call call) { return add(jobs, call); }));
  out.back().takes = k_json;
  out.push_back(page(jobs, Method::get, k_one, "Shows a job.", [](Jobs& all, const http::Call& call) -> Answer {
    EAI_TRY(const std::uint64_t id, id_in(call));
    return value_of(all.one(id));
  }));
  out.push_back(page(jobs, Method::del, k_one, "Drops a job that does not work from the list.", forget));
  out.push_back(
      page(jobs, Method::post, "/eai/v1/jobs/{id}/pause", "Stops a job until it is resumed.", act<&Jobs::pause>));
  out.push_back(page(jobs, Method::post, "/eai/v1/jobs/{id}/cancel", "Ends a job.", act<&Jobs::cancel>));
  out.push_back(route(Method::post, "/eai/v1/jobs/{id}/resume", "Lets a job go on that was paused, ended or failed.",
                      [&jobs](http::Call call) { return resume(jobs, call); }));
  out.push_back(route(Method::get, "/eai/v1/jobs/{id}/events",
                      "Tells the progress of a job until it rests; Last-Event-ID is where it goes on.",
                      [&jobs](http::Call call) { return follow(jobs, call); }));
  out.back().gives = k_events;
  out.push_back(route(Method::get, "/eai/v1/events", "Tells of every job that changes.",
                      [&jobs](http::Call call) { return follow_all(jobs, call); }));
  out.back().gives = k_events;
  return out;
}

}  // namespace eai::admin
