#include "api/api.h"

#include <algorithm>

#include "api/api_error.h"
#include "api/core.h"

namespace eai::api {
namespace {

asio::awaitable<void> answer_misfit(Core& core, http::Incoming& in, http::Outgoing& to) {
  const std::string_view name = core.routes.find(in.method, in.path()).name;
  Exchange out(in, to, name.empty() ? k_other_path : name, core.metrics, core.request_log);
  http::Reply reply = answer_without_route(core.routes, in);
  name_request(reply, out.record.id);
  append(reply.headers, common_headers(core, in, out.record.id));
  co_await out.send(reply);
}

asio::awaitable<void> answer_owners_misfit(Core& core, http::Incoming& in, http::Outgoing& to) {
  const http::Reply reply = answer_without_route(core.owner_routes, in);
  co_await to.send(reply);
}

using Misfit = asio::awaitable<void> (*)(Core&, http::Incoming&, http::Outgoing&);

asio::awaitable<void> answer(Core& core, const http::Routes& routes, Misfit misfit, http::Incoming& in,
                             http::Outgoing& to) {
  const auto found = routes.find(in.method, in.path());
  if (found.route == nullptr) return misfit(core, in, to);
  return found.route->handle(http::Call{in, to, *found.route, found.value, found.name});
}

// Anthropic's clients look for the id under a name of their own.
void add_id(http::HeaderList& to, const http::Incoming& request, const std::string& id) {
  to.emplace_back("x-request-id", id);
  if (style_of(request) == Style::anthropic) to.emplace_back("request-id", id);
}

// A request that never reaches a handler is counted and logged too, and its answer has an id.
void count_refusal(Core& core, const http::Incoming& in, http::Reply& reply) {
  Record record;
  record.id = request_id_of(in);
  if (const auto found = core.routes.find(in.method, in.path()); found.known_path()) record.path = found.name;
  record.status = reply.status;
  record.whole = true;
  record.bytes = reply.body.size();
  core.metrics.note(record);
  core.request_log.note(record);
  name_request(reply, record.id);
  add_id(reply.headers, in, record.id);
}

// Refused before its body was read.
http::Admission admit_and_count(Core& core, const http::Incoming& in) {
  http::Admission admission = admit(core.options, core.routes, in);
  if (!admission.refusal) return admission;
  count_refusal(core, in, *admission.refusal);
  if (admission.refusal->status != 204)  // a preflight's answer has them
    append(admission.refusal->headers, cors_headers(core.options, in));
  return admission;
}

http::Reply refuse_and_count(Core& core, const http::Incoming& head, int status, std::string_view why) {
  http::Reply reply = refusal(head, status, why);
  count_refusal(core, head, reply);
  return reply;
}

http::Admission admit_owner(const Core& core, const http::Incoming& in) {
  http::Admission admission;
  const auto found = core.owner_routes.find(in.method, in.path());
  admission.body_limit = found.route != nullptr ? found.route->body_limit : http::k_small_body;
  return admission;
}

}  // namespace

Core::Core(asio::io_context& io, engine::Pool& engines, std::vector<ServedModel> models, ApiOptions given,
           std::vector<OpenFile> open_files)
    : context(io),
      pool(engines),
      client(io),
      served(std::move(models)),
      options(std::move(given)),
      files(std::move(open_files)),
      pictures(io),
      picture_gate(io),
      routes(stranger_routes(*this), "/v1"),
      owner_routes(api::owner_routes(*this), "/v1") {
  request_log.open(options.request_log);
}

void Core::note_use(const std::string& id) {
  if (!used_last.empty() && used_last.front() == id) return;
  used_last.erase(std::remove(used_last.begin(), used_last.end(), id), used_last.end());
  used_last.insert(used_last.begin(), id);
}

http::HeaderList common_headers(const Core& core, const http::Incoming& request, const std::string& request_id) {
  http::HeaderList out = cors_headers(core.options, request);
  out.reserve(out.size() + 4);  // the truth, and what the answer is
  add_id(out, request, request_id);
  return out;
}

void add_truth(http::HeaderList& to, const std::string& model_id, std::string_view fallback) {
  to.emplace_back("x-eai-model", model_id);
  if (!fallback.empty()) to.emplace_back("x-eai-fallback", http::header_safe(fallback));
}

void add_ignored(http::HeaderList& to, const std::vector<std::string>& fields) {
  if (fields.empty()) return;
  std::string names;
  for (const std::string& field : fields) names += (names.empty() ? "" : ",") + field;
  to.emplace_back("x-eai-ignored", http::header_safe(names, 1000));
}

Api::Api(asio::io_context& context, engine::Pool& pool, std::vector<ServedModel> served, ApiOptions options,
         std::vector<OpenFile> files)
    : core_(std::make_shared<Core>(context, pool, std::move(served), std::move(options), std::move(files))) {}
Api::~Api() = default;

void Api::reload(ApiOptions options, std::vector<ServedModel> served) {
  core_->options = std::move(options);
  core_->request_log.open(core_->options.request_log);
  core_->served = std::move(served);
}

http::Handlers Api::handlers() {
  http::Handlers out;
  out.admit = [core = core_](const http::Incoming& in) { return admit_and_count(*core, in); };
  out.handle = [core = core_](http::Incoming& in, http::Outgoing& reply) {
    return answer(*core, core->routes, answer_misfit, in, reply);
  };
  out.refuse = [core = core_](const http::Incoming& head, int status, std::string_view why) {
    return refuse_and_count(*core, head, status, why);
  };
  return out;
}

http::Handlers Api::admin_handlers(std::function<void()> on_stop, std::vector<http::Route> more) {
  core_->on_stop = std::move(on_stop);
  std::vector<http::Route> all = owner_routes(*core_);
  std::ranges::move(more, std::back_inserter(all));
  core_->owner_routes = http::Routes(std::move(all), "/v1");
  http::Handlers out;
  out.admit = [core = core_](const http::Incoming& in) { return admit_owner(*core, in); };
  out.handle = [core = core_](http::Incoming& in, http::Outgoing& reply) {
    return answer(*core, core->owner_routes, answer_owners_misfit, in, reply);
  };
  out.refuse = refusal;
  return out;
}

}  // namespace eai::api
