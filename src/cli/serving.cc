#include "cli/serving.h"

#include <cstdlib>

#include <boost/json.hpp>

#include "cli/hint_words.h"
#include "cli/launch.h"
#include "cli/progress.h"
#include "cli/server.h"
#include "engine/worker.h"
#include "http/listeners.h"
#include "library/running.h"
#include "util/text.h"

namespace eai::cli {
namespace {

// Binds and lets go again: an early word instead of a late one. The server's own bind decides.
Result<void> check_port(const ServerSettings& server) {
  boost::asio::io_context context;
  const auto opened = http::open_listeners(context, server.host, static_cast<std::uint16_t>(server.port));
  if (opened) return {};
  if (opened.error().code != Code::busy) return Failure(Error(opened.error()).with("--host"));
  return fail(Code::io, opened.error().message +
                            "; another program uses it, so choose another port with --port, or any "
                            "free one with --port 0");
}

// Whoever reaches the port may use the models, unless a key is asked for.
Result<void> check_exposure(const ServerSettings& server) {
  if (server.tls_certificate.empty() != server.tls_key.empty()) {
    return fail(Code::invalid, "--tls-certificate and --tls-key must be given together");
  }
  if (!server.api_keys.empty() || server.no_auth) return {};
  auto addresses = http::listen_addresses(server.host);
  if (!addresses) return Failure(std::move(addresses).error().with("--host"));
  if (http::are_loopback(*addresses)) return {};
  return fail(Code::invalid,
              "--host " + printable(server.host) +
                  " lets other machines in, so an API key is needed: use --api-key-file, EAI_API_KEYS, or "
                  "server.api_keys in config.toml; --no-auth lets everyone in");
}

void show_loading(const boost::json::object& event, ProgressDisplay& display) {
  auto text = [&](const char* name) { return std::string(event.at(name).as_string()); };
  Bar bar;
  bar.label = text("name");
  bar.phase = text("phase");
  bar.phase_fraction = event.at("fraction").to_number<double>();
  display.show(bar);
}

Result<int> serve_in_background(Context& context, const std::vector<std::string>& more_words) {
  std::vector<std::string> words = context.words.all;
  words.insert(words.end(), more_words.begin(), more_words.end());
  Interrupt interrupt;
  EAI_TRY(auto ready, start_in_background(context, words, interrupt));
  if (!ready) {
    context.out.note("Stopped. No server was left running.");
    return k_interrupted;
  }
  print_ready(*ready, context.out);
  context.out.note("  log    " + library::server_log_of(context.folders).string() + "\n  stop   eai model stop");
  if (auto told = context.out.finish(Output::Reader::is_owed); !told) {
    return Failure(std::move(told).error().with(
        "the server runs, and `eai model stop` stops it, but where it answers could not be printed"));
  }
  return 0;
}

// The library may have changed since, and catalog.toml with it.
ReadAgain reader_of(const Context& context, const Choice& again) {
  return [&context, &again]() -> Result<Fresh> {
    Fresh fresh;
    EAI_TRY(fresh.config, load_config(context.folders.configuration / "config.toml", std::getenv, context.given));
    EAI_CHECK(check_exposure(fresh.config.server));
    EAI_TRY(const library::Library library, library::Library::open(context.folders));
    EAI_TRY(const std::vector<store::Model> models, again.models(library));
    EAI_TRY(fresh.plan, library::make_plan(library, serve_settings(fresh.config), models));
    fresh.plan.devices = library::devices_of(fresh.plan.engines);
    fresh.plan.serves_all = again.serves == Serves::all;
    return fresh;
  };
}

Result<int> serve_in_foreground(Context& context, library::ServerPlan plan, const Choice& again) {
  ProgressDisplay display(context.out);
  auto tell = [&](const boost::json::object& event) {
    if (event.at("event").as_string() == "ready") {
      display.clear();
      print_ready(event, context.out);
      context.out.note("  Ctrl-C stops it.");
    } else {
      context.out.event(event);
      show_loading(event, display);
    }
  };
  EAI_CHECK(run_server(std::move(plan), context.config, context.folders, tell, reader_of(context, again)));
  return 0;
}

// In the background, at the other end of the pipe.
Result<int> serve_for_launcher(Context& context, library::ServerPlan plan, const Choice& again) {
  Teller teller(context.words.ready_fd);
  auto tell = [&](const boost::json::object& event) {
    teller.tell(event);
    if (event.at("event").as_string() == "ready") teller.close();
  };
  auto served = run_server(std::move(plan), context.config, context.folders, tell, reader_of(context, again));
  if (!served) {
    teller.tell({{"event", "error"},
                 {"code", name_of(served.error().code)},
                 {"message", served.error().message},
                 {"hint", name_of(served.error().hint)}});
    return Failure(std::move(served).error());
  }
  return 0;
}

}  // namespace

Result<std::optional<boost::json::object>> start_in_background(Context& context, const std::vector<std::string>& words,
                                                               const Interrupt& interrupt) {
  ProgressDisplay display(context.out);
  boost::json::object ready;
  auto tell = [&](const boost::json::object& event) {
    if (event.at("event").as_string() == "ready") {
      ready = event;
    } else {
      context.out.event(event);
      show_loading(event, display);
    }
  };
  auto launched = launch_server(context.folders, words, tell, interrupt);
  display.clear();
  if (interrupt.requested()) return std::nullopt;
  EAI_CHECK(std::move(launched));
  return ready;
}

Result<void> check_seat_and_port(const Context& context) {
  EAI_CHECK(check_exposure(context.config.server));
  EAI_CHECK(engine::parse_workers(context.config.engines.workers));
  if (context.words.ready_fd >= 0) return {};  // done by who started us
  EAI_TRY(auto server, library::running_server(context.folders));
  if (server && !context.config.server.force) return library::already_running(*server);
  // A port that the server to be replaced holds will be free.
  if (server && server->port == context.config.server.port) return {};
  return check_port(context.config.server);
}

library::ServeSettings serve_settings(const Config& config) {
  return {.context_length = config.server.context_length,
          .parallel = config.server.parallel,
          .memory_limit = config.server.memory_limit.bytes,
          .image_metadata = config.image.metadata,
          .image_offload = config.image.offload,
          .engines = config.engines,
          .models = config.models};
}

Result<int> serve_models(Context& context, const library::Library& library, const std::vector<store::Model>& models,
                         const Choice& again, const std::vector<std::string>& more_words) {
  EAI_TRY(library::ServerPlan plan, library::make_plan(library, serve_settings(context.config), models));
  plan.serves_all = again.serves == Serves::all;
  const bool here = context.config.server.foreground || context.words.ready_fd >= 0;
  if (here) plan.devices = library::devices_of(plan.engines);
  if (context.words.ready_fd >= 0) return serve_for_launcher(context, std::move(plan), again);
  for (const library::Note& note : plan.notes) context.out.note(words_of_note(note.text, note.hint));
  if (context.config.server.force) {
    EAI_TRY(auto server, library::running_server(context.folders));
    if (server) EAI_CHECK(library::stop_server(context.folders, *server, library::k_stop_grace));
  }
  if (context.config.server.foreground) return serve_in_foreground(context, std::move(plan), again);
  return serve_in_background(context, more_words);
}

}  // namespace eai::cli
