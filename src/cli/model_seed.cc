// `eai model seed`
#include <condition_variable>
#include <mutex>

#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/interrupt.h"
#include "cli/seeder.h"
#include "http/listeners.h"
#include "library/running.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

library::SeedRequest request_of(const Context& context) {
  library::SeedRequest out;
  out.names = context.words.models;
  out.hashes = context.words.hashes;
  const ShareSettings& share = context.config.share;
  // Without a word, what the configuration names.
  const bool is_named = share.all || !share.cars.empty() || !share.records.empty();
  if (out.names.empty() && out.hashes.empty() && !is_named) out.names = share.models;
  out.all = share.all;
  out.cars = share.cars;
  out.records = share.records;
  return out;
}

void tell_begin(const Seeder& seeder, const ShareSettings& settings, Output& out) {
  json::object event = seeder.status();
  event["event"] = "seeding";
  out.event(event);
  std::uint64_t size = 0;
  for (const json::value& model : event.at("models").as_array()) size += model.at("size").to_number<std::uint64_t>();
  const std::size_t count = event.at("models").as_array().size();
  out.line("sharing " + std::to_string(count) + (count == 1 ? " model, " : " models, ") + human_bytes(size) + ", at " +
           out.styled(Style::bold, seeder.url()));
  for (const json::value& model : event.at("models").as_array()) {
    const std::string hash(model.at("hash").as_string());
    out.note("  " + printable(std::string(model.at("name").as_string())) + (hash.empty() ? "" : "  " + hash));
  }
  const auto addresses = http::listen_addresses(settings.host);
  if (addresses && http::are_loopback(*addresses))
    out.note("  reach   only this machine; --share-host 0.0.0.0 lets others of its network in");
  const std::string port = seeder.url().substr(seeder.url().rfind(':'));
  const bool is_any = settings.host == "0.0.0.0" || settings.host == "::";
  out.note("  take    eai model download --hash <hash> --gateway " +
           (is_any ? "http://<this machine>" + port : seeder.url()));
  out.note("  end     Ctrl-C");
}

void tell_end(const Seeder& seeder, Output& out) {
  json::object event = seeder.status();
  event["event"] = "ended";
  out.event(event);
  const auto takers = event.at("to").as_array().size();
  out.line("shared " + human_bytes(event.at("bytes").to_number<std::uint64_t>()) + " in " +
           std::to_string(event.at("answers").to_number<std::uint64_t>()) + " answers to " + std::to_string(takers) +
           (takers == 1 ? " address" : " addresses"));
}

}  // namespace

Result<int> model_seed(Context& context) {
  const library::SeedRequest request = request_of(context);
  if (request.names.empty() && request.hashes.empty() && !request.all && request.cars.empty() &&
      request.records.empty()) {
    return fail(Code::invalid, "say what to share: names or hashes of models, --all, or --car <file>");
  }
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  EAI_TRY(const FileLock seat, library::take_seed_seat(context.folders));
  Interrupt interrupt;
  const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
    return library::open_seed(library, request, feed, stop);
  };
  auto seed = run_job<library::Seed>(work, model_look(), context.out, interrupt.token());
  if (interrupt.requested()) return k_interrupted;
  if (!seed) return Failure(std::move(seed).error());
  EAI_TRY(const auto seeder, Seeder::start(*std::move(seed), context.config.share));
  EAI_TRY(const fs::path socket, library::seed_socket_of(context.folders));
  EAI_CHECK(seeder->tell_at(socket));
  tell_begin(*seeder, context.config.share, context.out);
  EAI_CHECK(context.out.finish());
  std::mutex mutex;
  std::condition_variable_any bell;
  std::unique_lock hold(mutex);
  bell.wait(hold, interrupt.token(), [] { return false; });
  tell_end(*seeder, context.out);
  return k_interrupted;
}

}  // namespace eai::cli
