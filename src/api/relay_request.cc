// A request before its engine: scanned, checked, its model chosen, its pictures fetched.
#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/relay.h"
#include "http/address.h"

namespace eai::api {
namespace {

constexpr std::size_t k_scan_here = 1 * k_mib;  // larger bodies are scanned on the worker

asio::awaitable<Result<BodyFacts>> scan(std::string_view body) { co_return scan_body(body); }

asio::awaitable<Result<BodyFacts>> scan_elsewhere(Core& core, std::string_view body) {
  asio::awaitable<Result<BodyFacts>> work = scan(body);
  if (!core.workers) core.workers.emplace(1);
  co_return co_await asio::co_spawn(*core.workers, std::move(work), asio::use_awaitable);
}

Result<void> check_images(const ApiOptions& options, const ServedModel& model, const BodyFacts& facts) {
  if (facts.remote_media) {
    return fail(Code::invalid,
                "audio, video and files are not fetched by address; send them inside the request, in base64");
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
    return fail(Code::invalid, "this server does not fetch pictures by address; send them as data:image/png;base64,…");
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

// Which model answers, if the request is one that it can answer.
Result<void> choose(Relay& relay, const BodyFacts& facts) {
  Core& core = relay.core;
  EAI_CHECK(check_body(relay.endpoint, facts));
  std::optional<std::string_view> named;
  if (facts.model_kind == Kind::string) named = facts.model;
  EAI_TRY(Choice choice, core.choose(named, relay.endpoint.fits, relay.in.path()));
  EAI_CHECK(check_images(core.options, *choice.model, facts));
  core.note_use(choice.model->id);
  relay.fallback = std::move(choice.fallback);
  relay.out.record.model = choice.model->id;
  return {};
}

// Puts the pictures that the request names by address into its body.
asio::awaitable<Result<void>> fetch_pictures(Relay& relay, BodyFacts& facts) {
  PictureRules rules = picture_rules(relay.core.options);
  const auto count =
      std::count_if(facts.spots.begin(), facts.spots.end(), [](const auto& spot) { return spot.remote; });
  auto embedded =
      co_await relay.core.pictures.embed(std::move(relay.in.body), std::move(facts.spots), std::move(rules));
  relay.core.metrics.note_pictures(static_cast<std::uint64_t>(count), embedded.has_value(),
                                   embedded ? embedded->fetched : 0);
  if (!embedded) co_return Failure(std::move(embedded).error());
  relay.in.body = std::move(embedded->text);
  relay.pictures_room = std::move(embedded->room);
  co_return Result<void>();
}

}  // namespace

asio::awaitable<Result<bool>> prepare(Relay& relay) {
  const std::string_view body = relay.in.body;
  Result<BodyFacts> facts = body.size() <= k_scan_here ? scan_body(body) : BodyFacts{};
  if (body.size() > k_scan_here) facts = co_await scan_elsewhere(relay.core, body);
  if (!facts) co_return Failure(std::move(facts).error());
  if (auto chosen = choose(relay, *facts); !chosen) co_return Failure(std::move(chosen).error());
  if (!facts->spots.empty()) {
    auto fetched = co_await fetch_pictures(relay, *facts);
    if (!fetched) co_return Failure(std::move(fetched).error());
  }
  co_return facts->stream;
}

}  // namespace eai::api
