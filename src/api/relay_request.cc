// A request before its engine: unpacked, checked, its model chosen, its pictures read.
#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/checked_request.h"
#include "api/forced_call.h"
#include "api/relay.h"
#include "api/shape.h"
#include "api/text_size.h"
#include "http/address.h"
#include "http/content_coding.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_check_here = 128 * k_kib;  // larger bodies, and packed ones, are read on the worker
constexpr std::uint64_t k_body_limit = 64 * k_mib;
constexpr std::size_t k_scheme_limit = 32;         // bytes in which an address has its colon; base64 has none
constexpr std::size_t k_max_pictures = 64;         // of a request
constexpr std::size_t k_max_remote_pictures = 16;  // of these, by address

Result<CheckedRequest> check_coded(const Endpoint& endpoint, const Caller& caller, std::string body,
                                   const std::string& coding) {
  EAI_TRY(std::string plain, http::decode_content(std::move(body), coding, k_body_limit));
  return check_request(endpoint, std::move(plain), caller);
}

asio::awaitable<Result<CheckedRequest>> check_slowly(const Endpoint& endpoint, Caller caller, std::string body,
                                                     std::string coding) {
  co_return check_coded(endpoint, caller, std::move(body), coding);
}

Caller caller_of(const Relay& relay) {
  if (relay.endpoint.form != Form::response) return {};
  return {&relay.core.responses, owner_of(relay.core.options, relay.in)};
}

bool is_checked_here(const http::Incoming& in) {
  return in.body.size() <= k_check_here && in.header("content-encoding").empty();
}

asio::awaitable<Result<CheckedRequest>> check_elsewhere(Relay& relay) {
  Core& core = relay.core;
  const auto worker = crew_in(core.worker, 1);
  if (!worker) co_return Failure(worker.error());
  std::string coding(relay.in.header("content-encoding"));
  auto work = check_slowly(relay.endpoint, caller_of(relay), std::move(relay.in.body), std::move(coding));
  co_return co_await asio::co_spawn((*worker)->executor(), std::move(work), asio::use_awaitable);
}

std::string_view source_of(const PictureSpot& spot) {
  const json::string& text = spot.at->get_string();
  return {text.data(), text.size()};
}

Result<void> check_pictures(const ApiOptions& options, const ServedModel& model,
                            const std::vector<PictureSpot>& pictures) {
  if (pictures.empty()) return {};
  const auto refuse = [](const PictureSpot& spot, std::string why) {
    return fail_about(spot.path, Code::invalid, std::move(why));
  };
  const PictureSpot& first = pictures.front();
  if (!model.has_projector) {
    return refuse(first, "the model " + model.folder_name + " has no projector and cannot see pictures");
  }
  if (pictures.size() > k_max_pictures) {
    return refuse(first, "a request may have at most " + std::to_string(k_max_pictures) + " pictures");
  }
  std::size_t remote = 0;
  for (const PictureSpot& spot : pictures) {
    const std::string_view source = source_of(spot);
    const bool has_scheme = source.substr(0, k_scheme_limit).find(':') != std::string_view::npos;
    if (is_remote(source)) {
      ++remote;
    } else if (has_scheme && lower(source.substr(0, 5)) != "data:") {
      return refuse(spot, "a picture's address must be a data: URI or begin with http(s)://, not '" +
                              printable(source, 60) + "'");
    }
  }
  if (remote > 0 && options.remote_images == RemoteImages::none) {
    return refuse(first, "this server does not fetch pictures by address; send them as data:image/png;base64,…");
  }
  if (remote > k_max_remote_pictures) {
    return refuse(first,
                  "a request may have at most " + std::to_string(k_max_remote_pictures) + " pictures by address");
  }
  return {};
}

// A call that the client demands is made for every model in the same way. Apart from that, a model whose chat template
// has no tools is not told of any.
void fit_tools(const Core& core, const ServedModel& model, CheckedRequest& request) {
  if (!request.chat.tools) return;
  if (request.chat.forced_tools) {
    request.translation = force_call(request.body(), std::move(request.translation));
    return;
  }
  const auto all = core.pool.status();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.spec.id == model.id; });
  if (found == all.end() || found->tools) return;
  for (const char* field : {"tools", "tool_choice", "parallel_tool_calls"}) request.body().erase(field);
  request.ignored.emplace_back("tools");
}

PictureRules picture_rules(const ApiOptions& options) {
  PictureRules rules;
  rules.deadline = options.picture_deadline;
  rules.peer_allowed = http::is_public_address;
  if (options.remote_images == RemoteImages::anywhere) rules.peer_allowed = [](std::string_view) { return true; };
  return rules;
}

// Which model answers, if the request is one that it can answer.
Result<void> choose(Relay& relay, CheckedRequest& request) {
  Core& core = relay.core;
  std::optional<std::string_view> named;
  if (request.model) named = *request.model;
  EAI_TRY(Choice choice, core.choose(named, relay.endpoint.fits, relay.in.path()));
  EAI_CHECK(check_pictures(core.options, *choice.model, request.chat.pictures));
  if (auto fits = check_text_size(request, core.pool.text_limit(choice.model->id)); !fits) {
    relay.refusal_code = "context_length_exceeded";
    return fits;
  }
  fit_tools(core, *choice.model, request);
  core.note_use(choice.model->id);
  relay.fallback = std::move(choice.fallback);
  relay.out.record.model = choice.model->id;
  request.body()["model"] = choice.model->folder_name;  // what the answer will call it
  return {};
}

// Puts the pictures into the body as the engine reads them.
asio::awaitable<Result<void>> read_pictures(Relay& relay, std::vector<PictureSpot>& spots) {
  std::vector<SentPictures::Sent> sent;
  std::uint64_t remote = 0;
  for (PictureSpot& spot : spots) {
    sent.push_back({std::string(source_of(spot)), std::move(spot.path)});
    if (is_remote(sent.back().source)) ++remote;
    *spot.at = nullptr;  // it may be large
  }
  PictureRules rules = picture_rules(relay.core.options);
  const engine::PictureSizes sizes = relay.core.pool.picture_sizes(relay.out.record.model);
  rules.sizes = sizes;
  auto read = co_await relay.core.pictures.read(std::move(sent), std::move(rules));
  if (remote > 0) relay.core.metrics.note_pictures(remote, read.has_value(), read ? read->fetched : 0);
  if (!read) co_return Failure(std::move(read).error());
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < spots.size(); ++i) {
    bytes += read->uris[i].size();
    *spots[i].at = read->uris[i];
  }
  relay.pictures_room = std::move(read->room);
  // As text a byte takes four thirds.
  relay.pictures_pass = co_await relay.core.picture_gate.enter(relay.out.record.model, bytes, sizes.all / 3 * 4);
  co_return Result<void>();
}

}  // namespace

asio::awaitable<Result<bool>> prepare(Relay& relay) {
  Result<CheckedRequest> request = CheckedRequest{};
  if (is_checked_here(relay.in))  // most are, and a coroutine for that would cost as much as the check
    request = check_request(relay.endpoint, std::move(relay.in.body), caller_of(relay));
  else
    request = co_await check_elsewhere(relay);
  if (!request) co_return Failure(std::move(request).error());
  if (auto chosen = choose(relay, *request); !chosen) co_return Failure(std::move(chosen).error());
  if (!request->chat.pictures.empty()) {
    auto read = co_await read_pictures(relay, request->chat.pictures);
    if (!read) co_return Failure(std::move(read).error());
  }
  relay.ignored = std::move(request->ignored);
  relay.translation = std::move(request->translation);
  relay.dimensions = request->dimensions;
  relay.shape = shape_of(relay.endpoint.engine_path, request->body());
  relay.in.body = request->tree.text();
  co_return request->stream;
}

}  // namespace eai::api
