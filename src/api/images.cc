#include "api/images.h"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>

#include "api/api_error.h"
#include "api/core.h"
#include "api/image_events.h"
#include "api/image_shelf.h"
#include "api/images_request.h"
#include "util/base64.h"

namespace eai::api {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view k_root = "/images/";

// Behind "/v1/images/" or "/images/"; empty for other paths.
std::string_view below_root(std::string_view path) {
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  return path.starts_with(k_root) ? path.substr(k_root.size()) : std::string_view();
}

http::Reply image_refusal(int status, std::string_view type, std::string_view message, std::string_view param = {}) {
  boost::json::object error{{"message", message}, {"type", type}, {"param", nullptr}, {"code", nullptr}};
  if (!param.empty()) error["param"] = param;
  http::Reply reply;
  reply.status = status;
  reply.headers.emplace_back("content-type", "application/json");
  if (status == 503) reply.headers.emplace_back("retry-after", "5");
  reply.body = boost::json::serialize(boost::json::object{{"error", std::move(error)}});
  return reply;
}

// One request on its way: what it wants, what it has so far.
struct Drawing {
  ImageWish wish;
  http::HeaderList truth;  // headers that say which model draws
  std::string model_id;
  std::shared_ptr<ImageProgress> progress;
  std::string address;  // scheme and host that the client used, for urls
  std::vector<DrawnImage> images;
  bool ended = false;
  std::optional<Error> failure;

  // However the handler ends, also when its client is gone.
  ~Drawing() {
    if (!progress || !progress->running()) return;
    progress->status = "cancelled";
    progress->end = Clock::now();
  }

  http::HeaderList headers(std::string_view content_type) const {
    http::HeaderList list = truth;
    list.emplace_back("content-type", content_type);
    list.emplace_back("x-eai-image-id", progress->id);
    if (wish.stream) list.emplace_back("cache-control", "no-cache");
    return list;
  }

  void fail_with(Error error) {
    progress->status = "failed";
    progress->error = error.message;
    progress->end = Clock::now();
    failure = std::move(error);
    ended = true;
  }
};

void note_wait(ImageProgress& progress, const engine::WaitNews& news) {
  progress.status = news.phase == "loading" ? "loading" : "queued";
  progress.position = news.position;
  progress.loaded = news.fraction;
}

// What the engine refuses is the client's fault; its words and its field are handed on.
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

// Its going cancels the handler, and with it whatever the handler waits for.
asio::awaitable<bool> client_has_gone() {
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace

struct Images::Impl {
  Core& core;
  ImageShelf shelf;

  asio::awaitable<Result<engine::Lease>> lease(Drawing& drawing, http::Outgoing& answer);
  asio::awaitable<Result<void>> draw(Drawing& drawing, http::Outgoing& answer);
  asio::awaitable<Result<void>> relay(Drawing& drawing, http::Answer& events, const engine::Lease& lease,
                                      http::Outgoing& answer);
  asio::awaitable<Result<void>> pass_refusal(Drawing& drawing, http::Answer& events, http::Outgoing& answer);
  asio::awaitable<Result<void>> give_up(Drawing& drawing, Error error, http::Reply reply, http::Outgoing& answer);
  asio::awaitable<void> request(ImageAct act, http::Incoming& incoming, Exchange& answer);
  http::Reply lookup(std::string_view below);
  std::string take(Drawing& drawing, ImageEvent& event);
};

// The event's effect on the drawing, and what a streaming client is told of it.
std::string Images::Impl::take(Drawing& drawing, ImageEvent& event) {
  ImageProgress& p = *drawing.progress;
  const ImageWish& wish = drawing.wish;
  if (event.kind == "queued") {
    p.status = "queued";
    p.position = event.position;
    return wish.progress ? progress_event(wish, event) : ": waiting\n\n";
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
    return wish.progress ? progress_event(wish, event) : ": drawing\n\n";
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

// The end of a request that has no picture: an event in a stream that has begun, else a whole answer.
asio::awaitable<Result<void>> Images::Impl::give_up(Drawing& drawing, Error error, http::Reply reply,
                                                    http::Outgoing& answer) {
  if (co_await client_has_gone()) co_return fail(Code::network, "the client has gone");
  const std::string event = error_event(error);
  drawing.fail_with(std::move(error));
  if (!answer.begun()) {
    reply.headers.insert(reply.headers.end(), drawing.truth.begin(), drawing.truth.end());
    co_return co_await answer.send(reply);
  }
  EAI_CO_CHECK(co_await answer.write(event));
  co_return co_await answer.end();
}

asio::awaitable<Result<void>> Images::Impl::relay(Drawing& drawing, http::Answer& events, const engine::Lease& lease,
                                                  http::Outgoing& answer) {
  ImageEventReader reader;
  const bool stream = drawing.wish.stream;
  if (stream && !answer.begun()) {
    const http::HeaderList head = drawing.headers("text/event-stream");
    EAI_CO_CHECK(co_await answer.begin(200, head, ""));
  }
  while (!drawing.ended) {
    auto bytes = co_await events.read(core.options.stall_limit);
    if (!bytes || bytes->empty()) {
      if (co_await client_has_gone()) co_return fail(Code::network, "the client has gone");
      const bool silent = !bytes && bytes.error().code == Code::timeout;
      std::string how;
      if (!silent) how = co_await end_of_engine(core, lease);
      const ImageProgress& p = *drawing.progress;
      Error error{Code::io, "the image engine ended in the middle of a picture (step " + std::to_string(p.step) +
                                " of " + std::to_string(p.steps) + ")" + (how.empty() ? "" : ": " + how)};
      if (silent) error = Error{Code::timeout, "the image engine is silent"};
      drawing.fail_with(std::move(error));
      break;
    }
    reader.feed(*bytes);
    while (auto event = reader.next()) {
      const std::string text = take(drawing, *event);
      if (stream && !text.empty()) EAI_CO_CHECK(co_await answer.write(text));
    }
  }
  if (drawing.failure) {
    Error error = *drawing.failure;
    http::Reply reply = error_reply(error);
    co_return co_await give_up(drawing, std::move(error), std::move(reply), answer);
  }
  if (stream) co_return co_await answer.end();
  http::Reply reply;
  reply.body = images_answer(drawing.wish, drawing.progress->id, drawing.images);
  reply.headers = drawing.headers("application/json");
  co_return co_await answer.send(reply);
}

// A streaming client is told of the wait; all can ask for it.
asio::awaitable<Result<engine::Lease>> Images::Impl::lease(Drawing& drawing, http::Outgoing& answer) {
  const http::HeaderList head = drawing.headers("text/event-stream");
  OnNews note = [progress = drawing.progress](const engine::WaitNews& news) { note_wait(*progress, news); };
  co_return co_await lease_with_news(core, drawing.model_id, answer, drawing.wish.stream ? &head : nullptr,
                                     std::move(note));
}

// Leases and asks; once more if the engine had died before it took the job.
asio::awaitable<Result<void>> Images::Impl::draw(Drawing& drawing, http::Outgoing& answer) {
  for (int attempt = 0;; ++attempt) {
    auto lease_result = co_await lease(drawing, answer);
    if (!lease_result) {
      http::Reply reply = error_reply(lease_result.error(), Style::openai, retry_after(core, drawing.model_id));
      co_return co_await give_up(drawing, std::move(lease_result).error(), std::move(reply), answer);
    }
    http::Ask ask;
    ask.method = "POST";
    ask.target = "/generate";
    ask.content_type = "application/json";
    ask.body = drawing.wish.engine_body;
    auto events = co_await core.client.ask(lease_result->socket(), std::move(ask));
    if (!events && attempt == 0) {
      const std::string ended = co_await end_of_engine(core, *lease_result);
      if (!ended.empty()) continue;
    }
    if (!events) {
      http::Reply reply = error_reply(events.error());
      co_return co_await give_up(drawing, std::move(events).error(), std::move(reply), answer);
    }
    if (events->status() == 200) co_return co_await relay(drawing, *events, *lease_result, answer);
    co_return co_await pass_refusal(drawing, *events, answer);
  }
}

asio::awaitable<Result<void>> Images::Impl::pass_refusal(Drawing& drawing, http::Answer& events,
                                                         http::Outgoing& answer) {
  std::string body;
  while (body.size() < 65536) {
    auto bytes = co_await events.read(core.options.stall_limit);
    if (!bytes || bytes->empty()) break;
    body += *bytes;
  }
  http::Reply reply = engine_refusal(events.status(), body);
  Error error{Code::invalid, "the engine refused: " + body};
  co_return co_await give_up(drawing, std::move(error), std::move(reply), answer);
}

asio::awaitable<void> Images::Impl::request(ImageAct act, http::Incoming& incoming, Exchange& answer) {
  static constexpr model::Task k_tasks[] = {model::Task::image_generation, model::Task::image_edit};
  Drawing drawing;
  http::Reply refused;
  drawing.truth = common_headers(core, incoming, answer.record.id);
  auto wish = act == ImageAct::generation ? parse_generation(incoming.body)
                                          : parse_image_form(act, incoming.header("content-type"), incoming.body);
  if (!wish) {
    refused = image_refusal(400, "invalid_request_error", wish.error().message, wish.error().param);
    append(refused.headers, drawing.truth);
    co_await answer.send(refused);
    co_return;
  }
  drawing.wish = std::move(*wish);
  std::string().swap(incoming.body);  // assigning would keep its memory
  std::optional<std::string_view> asked;
  if (!drawing.wish.model.empty()) asked = drawing.wish.model;
  auto choice = core.choose(asked, k_tasks, incoming.path());
  if (!choice) {
    refused = error_reply(choice.error());
    append(refused.headers, drawing.truth);
    co_await answer.send(refused);
    co_return;
  }
  drawing.model_id = choice->model->id;
  answer.record.model = drawing.model_id;
  add_truth(drawing.truth, choice->model->id, choice->fallback);
  core.note_use(drawing.model_id);
  drawing.progress = shelf.begin(drawing.wish.id);
  if (!drawing.progress) {
    refused = image_refusal(400, "invalid_request_error", "another request with this id is running", "id");
    append(refused.headers, drawing.truth);
    co_await answer.send(refused);
    co_return;
  }
  drawing.progress->n = drawing.wish.n;
  drawing.address = (incoming.encrypted ? "https://" : "http://") + std::string(incoming.header("host"));
  co_await draw(drawing, answer);
}

http::Reply Images::Impl::lookup(std::string_view below) {
  http::Reply reply;
  reply.headers.emplace_back("cache-control", "no-store");
  if (below.starts_with("progress/")) {
    const ImageProgress* progress = shelf.find(std::string(below.substr(9)));
    if (progress == nullptr) return image_refusal(404, "invalid_request_error", "no request for images has this id");
    reply.headers.emplace_back("content-type", "application/json");
    reply.body = progress->json();
    return reply;
  }
  const ImageShelf::File* file = shelf.file(std::string(below.substr(6)));
  if (file == nullptr)
    return image_refusal(404, "invalid_request_error", "there is no such picture, or its time is over");
  reply.headers.emplace_back("content-type", file->type);
  reply.body = file->bytes;
  return reply;
}

Images::Images(Core& core) : impl_(new Impl{core, ImageShelf()}) {}

Images::~Images() = default;

bool Images::serves(std::string_view path) { return !below_root(path).empty(); }

bool Images::is_public(std::string_view path) { return below_root(path).starts_with("files/"); }

asio::awaitable<void> Images::handle(http::Incoming& request, Exchange& answer) {
  const std::string below(below_root(request.path()));
  const bool post = below == "generations" || below == "edits" || below == "variations";
  const bool get = below.starts_with("progress/") || below.starts_with("files/");
  http::Reply reply;
  if (post && request.method == "POST") {
    ImageAct act = below == "generations" ? ImageAct::generation
                   : below == "edits"     ? ImageAct::edit
                                          : ImageAct::variation;
    co_await impl_->request(act, request, answer);
    co_return;
  }
  if (get && (request.method == "GET" || request.method == "HEAD")) {
    reply = impl_->lookup(below);
  } else if (post || get) {
    reply = image_refusal(405, "invalid_request_error", request.method + " is not for " + std::string(request.path()));
    reply.headers.emplace_back("allow", post ? "POST" : "GET");
  } else {
    reply = image_refusal(404, "invalid_request_error", "unknown path " + std::string(request.path()));
  }
  append(reply.headers, common_headers(impl_->core, request, answer.record.id));
  co_await answer.send(reply);
}

}  // namespace eai::api
