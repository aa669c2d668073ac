#include "cli/server_share.h"

#include <tuple>

#include <boost/json.hpp>

#include "cli/hint_words.h"
#include "util/log.h"

namespace eai::cli {
namespace {

bool names_something(const ShareSettings& settings) {
  return settings.all || !settings.models.empty() || !settings.cars.empty();
}

// What only a new listener can have.
auto place_of(const ShareSettings& settings) {
  return std::tie(settings.host, settings.port, settings.rate.bytes, settings.anyone, settings.allow_hosts);
}

}  // namespace

Result<library::Seed> open_share_of(const ShareSettings& settings, const Folders& folders,
                                    const std::stop_token& stop) {
  if (!names_something(settings)) return library::Seed();
  EAI_TRY(const library::Library library, library::Library::open(folders));
  library::SeedRequest request;
  request.names = settings.models;
  request.all = settings.all;
  request.cars = settings.cars;
  request.records = settings.records;
  request.missing = library::SeedRequest::Missing::is_noted;
  library::Feed feed;
  auto seed = library::open_seed(library, request, feed, stop);
  for (const library::Event& event : feed.since(0)) {
    if (const auto* note = std::get_if<library::Note>(&event.what))
      log::warn("{}", words_of_note(note->text, note->hint));
  }
  return seed;
}

void ServerShare::take(Result<library::Seed> seed, const ShareSettings& settings) {
  failure_.reset();
  if (seed && !names_something(settings)) {
    seeder_.reset();
    return;
  }
  if (seed && seeder_ && place_of(settings) == place_of(settings_)) {
    seeder_->replace(*std::move(seed));
    return;
  }
  seeder_.reset();
  settings_ = settings;
  auto started = seed ? Seeder::start(*std::move(seed), settings) : Failure(std::move(seed).error());
  if (started) {
    seeder_ = *std::move(started);
    log::info("models are given on at {}", seeder_->url());
    return;
  }
  failure_ = std::move(started).error();
  log::error("nothing is given on: {}", words_of(*failure_));
}

boost::json::value ServerShare::status() const {
  if (seeder_) return seeder_->status();
  if (failure_) return boost::json::object{{"error", failure_->message}};
  return nullptr;
}

std::string ServerShare::metrics() const { return seeder_ ? seeder_->metrics() : std::string(); }

}  // namespace eai::cli
