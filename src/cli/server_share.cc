#include "cli/server_share.h"

#include <algorithm>
#include <tuple>

#include <boost/asio/post.hpp>
#include <boost/json.hpp>

#include "cli/hint_words.h"
#include "util/log.h"
#include "util/step_back.h"

namespace eai::cli {
namespace {

bool names_something(const ShareSettings& settings) {
  return settings.all || !settings.models.empty() || !settings.cars.empty() || !settings.records.empty();
}

// What only a new listener can have.
auto place_of(const ShareSettings& settings) {
  return std::tie(settings.host, settings.port, settings.rate.bytes, settings.anyone, settings.allow_hosts);
}

bool names_less(const ShareSettings& now, const ShareSettings& before) {
  const auto lacks = [](const std::vector<std::string>& some, const std::vector<std::string>& all) {
    return std::ranges::any_of(all, [&](const auto& one) { return std::ranges::find(some, one) == some.end(); });
  };
  return (before.all && !now.all) || lacks(now.models, before.models) || lacks(now.cars, before.cars) ||
         lacks(now.records, before.records);
}

}  // namespace

ServerShare::~ServerShare() {
  stop_.request_stop();
  opener_.join();
}

void ServerShare::take(const ShareSettings& settings) {
  boost::asio::post(opener_, [this, settings] {
    step_back();
    open(settings);
  });
}

std::shared_ptr<Seeder> ServerShare::seeder() const {
  const std::lock_guard hold(mutex_);
  return seeder_;
}

void ServerShare::put(std::shared_ptr<Seeder> seeder, std::optional<Error> failure) {
  const std::lock_guard hold(mutex_);
  seeder_.swap(seeder);
  failure_ = std::move(failure);
}

Result<library::Seed> ServerShare::seed_of(const ShareSettings& settings) const {
  EAI_TRY(const library::Library library, library::Library::open(folders_));
  library::SeedRequest request;
  request.names = settings.models;
  request.all = settings.all;
  request.cars = settings.cars;
  request.records = settings.records;
  request.missing = library::SeedRequest::Missing::is_noted;
  library::Feed feed;
  auto seed = library::open_seed(library, request, feed, stop_.get_token());
  for (const library::Event& event : feed.since(0)) {
    if (const auto* note = std::get_if<library::Note>(&event.what))
      log::warn("{}", words_of_note(note->text, note->hint));
  }
  return seed;
}

void ServerShare::open(const ShareSettings& settings) {
  const auto running = seeder();
  const ShareSettings before = std::exchange(settings_, settings);
  const bool is_same_place = running && place_of(settings) == place_of(before);
  if (!names_something(settings)) return put(nullptr, std::nullopt);
  if (is_same_place && names_less(settings, before)) running->replace({});
  if (!is_same_place) put(nullptr, std::nullopt);
  auto seed = seed_of(settings);
  if (!seed && seed.error().code == Code::cancelled) return;
  if (seed && is_same_place) return running->replace(*std::move(seed));
  auto started = seed ? Seeder::start(*std::move(seed), settings) : Failure(std::move(seed).error());
  if (started) {
    log::info("models are shared at {}", (*started)->url());
    return put(*std::move(started), std::nullopt);
  }
  log::error("nothing is shared: {}", words_of(started.error()));
  put(nullptr, std::move(started).error());
}

boost::json::value ServerShare::status() const {
  const auto running = seeder();
  if (running) return running->status();
  const std::lock_guard hold(mutex_);
  if (failure_) return boost::json::object{{"error", failure_->message}};
  return nullptr;
}

std::string ServerShare::metrics() const {
  const auto running = seeder();
  return running ? running->metrics() : std::string();
}

}  // namespace eai::cli
