#include "api/api.h"

#include <algorithm>

#include "api/api_error.h"
#include "api/core.h"
#include "util/text.h"

namespace eai::api {
namespace {

http::Reply health_reply() { return {200, {{"content-type", "application/json"}}, "{\"status\":\"ok\"}"}; }

http::Reply wrong_method(const http::Incoming& in, std::string_view allowed) {
  http::Reply reply = error_reply(
      405, "invalid_request_error",
      printable(in.method, 20) + " does not fit " + printable(in.path(), 100) + "; use " + std::string(allowed),
      "method_not_allowed");
  reply.headers.emplace_back("allow", allowed);
  return reply;
}

http::Reply unknown_path(const http::Incoming& in) {
  return error_reply(
      404, "invalid_request_error",
      "nothing is at " + printable(in.path(), 100) + "; see /v1/models, /v1/chat/completions, /v1/embeddings",
      "unknown_path");
}

// What needs no engine. Nothing if the path is none of these.
std::optional<http::Reply> answer_here(const Core& core, const http::Incoming& in) {
  std::string_view path = without_version(in.path());
  bool read = in.method == "GET" || in.method == "HEAD";
  if (path == "/health" || path == "/models" || path.starts_with("/models/") || path == "/metrics" || path == "/") {
    if (!read) return wrong_method(in, "GET");
    if (path == "/health") return health_reply();
    if (path == "/metrics") return metrics_reply(core);
    if (path == "/") return http::Reply{200, {{"content-type", "text/plain"}}, "eai is running\n"};
    return path == "/models" ? models_reply(core) : model_reply(core, path.substr(8));
  }
  return std::nullopt;
}

// As it is counted: one of our own names, whatever was sent.
std::string_view path_name(std::string_view path) {
  if (const Endpoint* endpoint = find_endpoint(path)) return endpoint->path;
  path = without_version(path);
  for (std::string_view known : {"/health", "/metrics", "/models", "/images/generations", "/images/edits",
                                 "/images/variations", "/images/files", "/images/progress"}) {
    if (path == known || (path.starts_with(known) && path[known.size()] == '/')) return known;
  }
  return "other";
}

asio::awaitable<void> answer_itself(std::shared_ptr<Core> core, http::Incoming& in, http::Outgoing& to) {
  Exchange out(to, core->meter, core->request_log, request_id_of(in), path_name(in.path()));
  if (Images::serves(in.path())) {
    co_await core->images.handle(in, out);
    co_return;
  }
  std::optional<http::Reply> reply;
  if (find_endpoint(in.path()) != nullptr) {
    reply = wrong_method(in, "POST");
  } else {
    reply = answer_here(*core, in);
  }
  if (!reply) reply = unknown_path(in);
  append(reply->headers, common_headers(*core, in, out.record.id));
  co_await out.send(*reply);
}

asio::awaitable<void> answer(std::shared_ptr<Core> core, http::Incoming& in, http::Outgoing& to) {
  const Endpoint* endpoint = in.method == "POST" ? find_endpoint(in.path()) : nullptr;
  if (endpoint == nullptr) return answer_itself(std::move(core), in, to);
  return relay(std::move(core), *endpoint, in, to);
}

// What never comes to a handler is counted, logged and has a name all the same.
void count_refusal(Core& core, const http::Incoming& in, http::Reply& reply) {
  Record record;
  record.id = request_id_of(in);
  record.path = path_name(in.path());
  record.status = reply.status;
  record.whole = true;
  record.bytes = reply.body.size();
  core.meter.note(record);
  core.request_log.note(record);
  reply.headers.emplace_back("x-request-id", record.id);
}

// Refused before its body was read.
std::optional<http::Reply> admit_and_count(Core& core, const http::Incoming& in) {
  auto reply = admit(core.options, in);
  if (!reply) return reply;
  count_refusal(core, in, *reply);
  if (reply->status != 204) append(reply->headers, cors_headers(core.options, in));
  return reply;
}

http::Reply refuse_and_count(Core& core, int status, std::string_view why) {
  http::Reply reply = refusal(status, why);
  count_refusal(core, {}, reply);
  return reply;
}

asio::awaitable<void> administer(std::shared_ptr<Core> core, std::function<void()> on_stop, http::Incoming& in,
                                 http::Outgoing& to) {
  if (Images::serves(in.path())) {  // for `eai image`
    Exchange out(to, core->meter, core->request_log, request_id_of(in), path_name(in.path()));
    co_await core->images.handle(in, out);
    co_return;
  }
  bool stop = in.path() == "/eai/stop" && in.method == "POST";
  http::Reply reply = unknown_path(in);
  if (in.path() == "/eai/status" && in.method == "GET") reply = status_reply(*core);
  if (stop) reply = health_reply();
  co_await to.send(reply);  // not counted: who watches is no client
  if (stop && on_stop) on_stop();
}

}  // namespace

void Core::note_use(const std::string& id) {
  if (!used_last.empty() && used_last.front() == id) return;
  used_last.erase(std::remove(used_last.begin(), used_last.end(), id), used_last.end());
  used_last.insert(used_last.begin(), id);
}

http::HeaderList common_headers(const Core& core, const http::Incoming& request, const std::string& request_id) {
  http::HeaderList out = cors_headers(core.options, request);
  out.reserve(out.size() + 4);  // the truth, and what the answer is
  out.emplace_back("x-request-id", request_id);
  return out;
}

void add_truth(http::HeaderList& to, const std::string& model_id, std::string_view fallback) {
  to.emplace_back("x-eai-model", model_id);
  if (!fallback.empty()) to.emplace_back("x-eai-fallback", http::header_safe(fallback));
}

Api::Api(asio::io_context& context, engine::Pool& pool, std::vector<ServedModel> served, ApiOptions options)
    : core_(std::make_shared<Core>(context, pool, std::move(served), std::move(options))) {}
Api::~Api() = default;

void Api::reload(ApiOptions options, std::vector<ServedModel> served) {
  core_->options = std::move(options);
  core_->request_log.open(core_->options.request_log);
  core_->served = std::move(served);
}

http::Handlers Api::handlers() {
  http::Handlers out;
  out.admit = [core = core_](const http::Incoming& in) { return admit_and_count(*core, in); };
  out.handle = [core = core_](http::Incoming& in, http::Outgoing& reply) { return answer(core, in, reply); };
  out.refuse = [core = core_](int status, std::string_view why) { return refuse_and_count(*core, status, why); };
  return out;
}

http::Handlers Api::admin_handlers(std::function<void()> on_stop) {
  http::Handlers out;
  out.handle = [core = core_, on_stop = std::move(on_stop)](http::Incoming& in, http::Outgoing& reply) {
    return administer(core, on_stop, in, reply);
  };
  out.refuse = refusal;
  return out;
}

}  // namespace eai::api
