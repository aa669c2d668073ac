#include "api/image_drawing.h"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>

#include "http/sse.h"
#include "util/base64.h"

namespace eai::api {
namespace {

using Clock = std::chrono::steady_clock;

void note_wait(ImageProgress& progress, const engine::WaitNews& news) {
  progress.status = news.phase == "loading" ? "loading" : "queued";
  progress.position = news.position;
  progress.loaded = news.fraction;
}

// What the engine refuses is the client's fault, so its words and the field that it names are passed on.
http::Reply engine_refusal(int status, const std::string& body) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(body, error);
  std::string message = "the image engine answered with status " + std::to_string(status);
  std::string param;
  if (!error && value.is_object() && value.get_object().if_contains("error") != nullptr) {
    const auto& e = value.get_object().at("error");
    if (const auto* o = e.if_object()) {
      if (const auto* m = o->if_contains("message"); m != nullptr && m->is_string()) message = m->get_string();
      if (const auto* p = o->if_contains("param"); p != nullptr && p->is_string()) param = p->get_string();
    }
  }
  if (status == 400) return image_refusal(400, "invalid_request_error", message, param);
  if (status == 503) return image_refusal(503, "overloaded_error", message);
  return image_refusal(502, "server_error", message);
}

// A disconnect cancels the handler, and with it whatever the handler waits for.
asio::awaitable<bool> client_has_gone() {
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

// The event's effect on the drawing, and what a streaming client is told of it.
std::string take(ImageShelf& shelf, Drawing& drawing, ImageEvent& event) {
  ImageProgress& p = *drawing.progress;
  const ImageWish& wish = drawing.wish;
  if (event.kind == "queued") {
    p.status = "queued";
    p.position = event.position;
    return wish.progress ? progress_event(wish, event) : http::sse_comment("waiting");
  }
  if (event.kind == "started") {
    p.status = "drawing";
    p.position = 0;
    p.seed = event.seed;
    p.n = event.n;
    p.steps = event.steps;
    p.begin = Clock::now();
    return {};
  }
  if (event.kind == "progress") {
    p.image = event.image;
    p.step = event.step;
    p.steps = event.steps;
    return wish.progress ? progress_event(wish, event) : http::sse_comment("drawing");
  }
  if (event.kind == "preview") return partial_event(wish, event);
  if (event.kind == "image") {
    DrawnImage image{std::move(event.b64), {}, event.seed, event.width, event.height};
    if (wish.as_url) {
      image.url = drawing.address + "/v1/images/files/" + shelf.put(from_base64(image.b64).value_or(""), wish.format);
      image.b64.clear();
    }
    std::string text = wish.stream ? completed_event(wish, image, event.image) : std::string();
    if (wish.stream) image.b64.clear();
    drawing.images.push_back(std::move(image));
    return text;
  }
  if (event.kind == "done") {
    p.status = "done";
    p.end = Clock::now();
    drawing.ended = true;
  }
  if (event.kind == "error") drawing.fail_with(Error{Code::io, event.message});
  return {};
}

// The end of a request without a picture: an event if the stream has begun, a whole answer otherwise.
asio::awaitable<Result<void>> give_up(Drawing& drawing, Error error, http::Reply reply, http::Outgoing& answer) {
  if (co_await client_has_gone()) co_return fail(Code::network, "the client has disconnected");
  const std::string event = error_event(error);
  drawing.fail_with(std::move(error));
  if (!answer.begun()) {
    reply.headers.insert(reply.headers.end(), drawing.truth.begin(), drawing.truth.end());
    co_return co_await answer.send(reply);
  }
  EAI_CO_CHECK(co_await answer.write(event));
  co_return co_await answer.end();
}

asio::awaitable<Result<void>> relay(Core& core, ImageShelf& shelf, Drawing& drawing, EngineAnswer& engine,
                                    http::Outgoing& answer) {
  ImageEventReader reader;
  const bool stream = drawing.wish.stream;
  if (stream && !answer.begun()) {
    const http::HeaderList head = drawing.headers("text/event-stream");
    EAI_CO_CHECK(co_await answer.begin(200, head, ""));
  }
  while (!drawing.ended) {
    auto bytes = co_await engine.reply.read(core.options.stall_limit);
    if (!bytes || bytes->empty()) {
      if (co_await client_has_gone()) co_return fail(Code::network, "the client has disconnected");
      const bool silent = !bytes && bytes.error().code == Code::timeout;
      std::string how;
      if (!silent) how = co_await end_of_engine(core, engine.lease);
      const ImageProgress& p = *drawing.progress;
      Error error{Code::io, "the image engine ended in the middle of a picture (step " + std::to_string(p.step) +
                                " of " + std::to_string(p.steps) + ")" + (how.empty() ? "" : ": " + how)};
      if (silent) error = Error{Code::timeout, "the image engine sent nothing for too long"};
      drawing.fail_with(std::move(error));
      break;
    }
    if (auto fed = reader.feed(*bytes); !fed) {
      drawing.fail_with(std::move(fed).error());
      break;
    }
    while (auto event = reader.next()) {
      const std::string text = take(shelf, drawing, *event);
      if (stream && !text.empty()) EAI_CO_CHECK(co_await answer.write(text));
    }
  }
  if (drawing.failure) {
    Error error = *drawing.failure;
    http::Reply reply = error_reply(error);
    co_return co_await give_up(drawing, std::move(error), std::move(reply), answer);
  }
  engine.lease.note_answered();
  if (stream) co_return co_await answer.end();
  http::Reply reply;
  reply.body = images_answer(drawing.wish, drawing.progress->id, drawing.images);
  reply.headers = drawing.headers("application/json");
  co_return co_await answer.send(reply);
}

asio::awaitable<Result<void>> pass_refusal(const Core& core, Drawing& drawing, http::IncomingReply& reply,
                                           http::Outgoing& answer) {
  std::string body;
  while (body.size() < 65536) {
    auto bytes = co_await reply.read(core.options.stall_limit);
    if (!bytes || bytes->empty()) break;
    body += *bytes;
  }
  http::Reply refusal = engine_refusal(reply.status(), body);
  Error error{Code::invalid, "the engine refused: " + body};
  co_return co_await give_up(drawing, std::move(error), std::move(refusal), answer);
}

}  // namespace

http::Reply image_refusal(int status, std::string_view type, std::string_view message, std::string_view param) {
  boost::json::object error{{"message", message}, {"type", type}, {"param", nullptr}, {"code", nullptr}};
  if (!param.empty()) error["param"] = param;
  http::Reply reply;
  reply.status = status;
  reply.headers.emplace_back("content-type", "application/json");
  if (status == 503) reply.headers.emplace_back("retry-after", "5");
  reply.body = boost::json::serialize(boost::json::object{{"error", std::move(error)}});
  return reply;
}

Drawing::~Drawing() {
  if (!progress || !progress->running()) return;
  progress->status = "cancelled";
  progress->end = Clock::now();
}

http::HeaderList Drawing::headers(std::string_view content_type) const {
  http::HeaderList list = truth;
  list.emplace_back("content-type", content_type);
  list.emplace_back("x-eai-image-id", progress->id);
  if (wish.stream) list.emplace_back("cache-control", "no-cache");
  return list;
}

void Drawing::fail_with(Error error) {
  progress->status = "failed";
  progress->error = error.message;
  progress->end = Clock::now();
  failure = std::move(error);
  ended = true;
}

asio::awaitable<Result<void>> draw(Core& core, ImageShelf& shelf, Drawing& drawing, http::Outgoing& out) {
  const http::HeaderList head = drawing.headers("text/event-stream");
  EngineCall call{drawing.model_id, {}, out, drawing.sender, drawing.wish.shape, drawing.sees_log};
  if (drawing.wish.stream) call.stream_head = &head;
  call.on_news = [progress = drawing.progress](const engine::WaitNews& news) { note_wait(*progress, news); };
  call.ask.method = "POST";
  call.ask.target = "/generate";
  call.ask.content_type = "application/json";
  call.ask.body = drawing.wish.engine_body;
  auto engine = co_await ask_engine(core, call);
  if (!engine) {
    http::Reply reply = error_reply(engine.error(), Style::openai, retry_after(core, drawing.model_id));
    co_return co_await give_up(drawing, std::move(engine).error(), std::move(reply), out);
  }
  if (engine->reply.status() == 200) co_return co_await relay(core, shelf, drawing, *engine, out);
  engine->lease.note_answered();
  co_return co_await pass_refusal(core, drawing, engine->reply, out);
}

}  // namespace eai::api
