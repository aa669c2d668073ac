// What this room answers, as tables: one for strangers, one for the private socket.
#include <algorithm>
#include <array>

#include "api/core.h"
#include "api/responses_pages.h"
#include "http/openapi.h"
#include "util/text.h"

namespace eai::api {
namespace {

using http::Access;
using http::Method;
using Page = http::Reply (*)(Core&, const http::Call&);

constexpr std::uint64_t k_large_body = 64 * k_mib;  // pictures inside JSON and forms
constexpr std::string_view k_json = "application/json";
constexpr std::string_view k_form = "multipart/form-data";
constexpr std::string_view k_picture_answers = "application/json, text/event-stream";

// What needs no engine.
asio::awaitable<void> answer(Core& core, Page page, http::Call call) {
  Exchange out(call.in, call.out, call.name, core.metrics, core.request_log);
  http::Reply reply = page(core, call);
  name_request(reply, out.record.id);
  append(reply.headers, common_headers(core, call.in, out.record.id));
  co_await out.send(reply);
}

asio::awaitable<void> answer_file(Core& core, const OpenFile& file, http::Call call) {
  Exchange out(call.in, call.out, call.name, core.metrics, core.request_log);
  std::optional<http::Reply> found = file.reply(call.value, call.in);
  http::Reply reply = found ? *std::move(found)
                            : error_reply(404, "invalid_request_error", "there is no file of this name", "unknown_path",
                                          style_of(call.in));
  append(reply.headers, common_headers(core, call.in, out.record.id));
  co_await out.send(reply);
}

// The owner's own questions are not counted: whoever watches is not a client.
asio::awaitable<void> answer_owner(Core& core, Page page, http::Call call) {
  const http::Reply reply = page(core, call);
  co_await call.out.send(reply);
}

http::Reply health_page(Core&, const http::Call&) {
  return {200, {{"content-type", "application/json"}}, "{\"status\":\"ok\"}"};
}

http::Reply document_of(const Core& core, const http::Routes& routes, std::string_view description) {
  return {200,
          {{"content-type", "application/json"}},
          http::openapi_of(routes, {"eai", core.options.version, description})};
}

http::Reply document_page(Core& core, const http::Call&) {
  return document_of(core, core.routes,
                     "Models on this machine behind the APIs of OpenAI and Anthropic. \"/v1\" may be left out of every "
                     "path, or put in front of it. HEAD is answered wherever GET is.");
}

http::Reply owner_document_page(Core& core, const http::Call&) {
  return document_of(core, core.owner_routes, "What the owner of the server can ask over its private socket.");
}

asio::awaitable<void> stop(Core& core, http::Call call) {
  co_await answer_owner(core, health_page, call);
  if (core.on_stop) core.on_stop();
}

http::Route page_route(Core& core, std::string_view path, Page page, std::string_view summary) {
  http::Route route;
  route.path = path;
  route.summary = summary;
  route.handle = [&core, page](http::Call call) { return answer(core, page, call); };
  return route;
}

http::Route file_route(Core& core, const OpenFile& file) {
  http::Route route;
  route.path = file.path;
  route.access = Access::everyone;
  route.gives = file.gives;
  route.summary = file.summary;
  route.handle = [&core, &file](http::Call call) { return answer_file(core, file, call); };
  return route;
}

http::Route owner_route(Core& core, std::string_view path, Page page, std::string_view summary) {
  http::Route route;
  route.path = path;
  route.access = Access::owner;
  route.summary = summary;
  route.handle = [&core, page](http::Call call) { return answer_owner(core, page, call); };
  return route;
}

http::Route drawing_route(Core& core, std::string_view path, ImageAct act, std::string_view summary) {
  http::Route route;
  route.method = Method::post;
  route.path = path;
  route.body_limit = k_large_body;
  route.takes = act == ImageAct::generation ? k_json : k_form;
  route.gives = k_picture_answers;
  route.summary = summary;
  route.handle = [&core, act](http::Call call) { return core.images.draw(act, call); };
  return route;
}

http::Route relay_route(Core& core, const Endpoint& endpoint) {
  http::Route route;
  route.method = Method::post;
  route.path = endpoint.path;
  route.body_limit = k_large_body;
  route.takes = k_json;
  route.gives = endpoint.gives;
  route.summary = endpoint.summary;
  route.handle = [&core, &endpoint](http::Call call) { return relay(core, endpoint, call); };
  return route;
}

void add_picture_routes(std::vector<http::Route>& to, Core& core) {
  to.push_back(drawing_route(core, "/v1/images/generations", ImageAct::generation, "Draws pictures from words."));
  to.push_back(drawing_route(core, "/v1/images/edits", ImageAct::edit, "Draws pictures from a picture and words."));
  to.push_back(drawing_route(core, "/v1/images/variations", ImageAct::variation, "Draws pictures like a picture."));
  to.push_back(page_route(
      core, "/v1/images/progress/{id}", [](Core& c, const http::Call& call) { return c.images.progress(call.value); },
      "Says how far a request for pictures is."));
  http::Route file = page_route(
      core, "/v1/images/files/{name}", [](Core& c, const http::Call& call) { return c.images.file(call.value); },
      "Gives a picture by its address, whose name is its key.");
  file.access = Access::everyone;
  file.gives = "image/png, image/jpeg, image/webp";
  to.push_back(std::move(file));
}

void add_model_routes(std::vector<http::Route>& to, Core& core) {
  to.push_back(page_route(
      core, "/v1/models", [](Core& c, const http::Call&) { return models_reply(c); }, "Lists the served models."));
  to.push_back(page_route(
      core, "/v1/models/{id...}",
      [](Core& c, const http::Call& call) { return model_reply(c, call.value, style_of(call.in)); },
      "Shows a served model by its hash."));
}

// What the commands of this machine need of what strangers may ask.
void add_text_routes(std::vector<http::Route>& to, Core& core) {
  constexpr std::array<std::string_view, 3> k_paths = {"/v1/chat/completions", "/v1/completions", "/v1/embeddings"};
  for (const Endpoint& endpoint : endpoints()) {
    if (std::ranges::find(k_paths, endpoint.path) != k_paths.end()) to.push_back(relay_route(core, endpoint));
  }
  add_model_routes(to, core);
}

void add_response_routes(std::vector<http::Route>& to, Core& core) {
  constexpr std::string_view k_one = "/v1/responses/{id}";
  to.push_back(page_route(
      core, k_one,
      [](Core& c, const http::Call& call) {
        return response_page(c.responses, owner_of(c.options, call.in), call.value);
      },
      "Gives a response that is kept."));
  http::Route deletion = page_route(
      core, k_one,
      [](Core& c, const http::Call& call) {
        return deletion_page(c.responses, owner_of(c.options, call.in), call.value);
      },
      "Forgets a response.");
  deletion.method = Method::del;
  to.push_back(std::move(deletion));
  to.push_back(page_route(
      core, "/v1/responses/{id}/input_items",
      [](Core& c, const http::Call& call) {
        return input_items_page(c.responses, owner_of(c.options, call.in), call.value, call.in.query());
      },
      "Lists what a response was an answer to."));
}

}  // namespace

// The usual ones first: the table is searched from its beginning.
std::vector<http::Route> stranger_routes(Core& core) {
  std::vector<http::Route> out;
  for (const Endpoint& endpoint : endpoints()) out.push_back(relay_route(core, endpoint));
  add_picture_routes(out, core);
  add_response_routes(out, core);
  add_model_routes(out, core);
  http::Route health = page_route(core, "/health", health_page, "Says that the server is running.");
  health.access = Access::everyone;
  out.push_back(std::move(health));
  http::Route metrics = page_route(
      core, "/metrics", [](Core& c, const http::Call&) { return metrics_reply(c); }, "Gives numbers for Prometheus.");
  metrics.gives = "text/plain";
  out.push_back(std::move(metrics));
  out.push_back(page_route(core, "/openapi.json", document_page, "Gives this document."));
  for (const OpenFile& file : core.files) out.push_back(file_route(core, file));
  return out;
}

std::vector<http::Route> owner_routes(Core& core) {
  std::vector<http::Route> out;
  out.push_back(owner_route(
      core, "/eai/status", [](Core& c, const http::Call&) { return status_reply(c); },
      "Shows the server, its models and their engines."));
  http::Route end = owner_route(core, "/eai/stop", health_page, "Ends the server.");
  end.method = Method::post;
  end.handle = [&core](http::Call call) { return stop(core, call); };
  out.push_back(std::move(end));
  http::Route unload = owner_route(
      core, "/eai/unload/{id}", [](Core& c, const http::Call& call) { return unload_reply(c, call.value); },
      "Unloads a model as soon as its answers have ended.");
  unload.method = Method::post;
  out.push_back(std::move(unload));
  add_picture_routes(out, core);  // for `eai image`
  add_text_routes(out, core);     // for `eai run`, `embed` and `bench`
  out.push_back(owner_route(core, "/openapi.json", owner_document_page, "Gives this document."));
  return out;
}

http::Reply answer_without_route(const http::Routes& routes, const http::Incoming& request) {
  const std::string path = printable(request.path(), 100);
  if (!routes.find(request.method, request.path()).known_path()) {
    return error_reply(404, "invalid_request_error",
                       "there is nothing at " + path + "; see /v1/models, /v1/chat/completions, /v1/embeddings",
                       "unknown_path", style_of(request));
  }
  const std::string allowed = routes.allowed(request.path());
  http::Reply reply;
  if (request.method == "OPTIONS") {
    reply.status = 204;
  } else {
    reply = error_reply(405, "invalid_request_error",
                        path + " cannot be asked with " + printable(request.method, 20) + "; use " + allowed,
                        "method_not_allowed", style_of(request));
  }
  reply.headers.emplace_back("allow", allowed);
  return reply;
}

}  // namespace eai::api
