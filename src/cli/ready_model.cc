#include "cli/ready_model.h"

#include <algorithm>
#include <thread>

#include <boost/json.hpp>

#include "cli/download.h"
#include "cli/serving.h"
#include "library/choose.h"
#include "library/running.h"
#include "util/text.h"

namespace eai::cli {
namespace {

std::string_view what_else(model::Task task) {
  if (library::draws(task)) return "; `eai image` draws with it";
  return task == model::Task::embed ? "; `eai embed` makes vectors with it" : "; `eai run` talks to it";
}

Result<void> check_task(const library::Asked& asked, model::Task has, model::Task wanted) {
  if (has == wanted) return {};
  const std::string_view cannot = wanted == model::Task::chat ? " cannot chat" : " makes no embeddings";
  return fail(Code::invalid, asked.label + std::string(cannot) + ": its task is " + std::string(model::name_of(has)) +
                                 std::string(what_else(has)));
}

Failure serves_others(const library::ServerRecord& server, const library::Asked& asked, std::string_view command) {
  std::string names, list;
  for (const std::string& name : server.names) {
    names += (names.empty() ? "" : ", ") + printable(name, 60);
    list += printable(name, 60) + ",";
  }
  return fail(Code::busy, "the running server serves " + names + ", but not " + asked.label + "; `eai model run " +
                              list + asked.label + " --force` serves them all, `" + std::string(command) + " " +
                              asked.label + " --force` only this one");
}

bool serves(const library::ServerRecord& server, const library::Asked& asked) {
  return std::ranges::find(server.models, asked.id.str()) != server.models.end();
}

// To a server of every model that is here: it is told when this one is. False: interrupted.
Result<bool> add_to(const Context& context, library::Library& library, const library::Asked& asked, model::Task task,
                    const Interrupt& interrupt) {
  constexpr std::chrono::seconds k_patience{30};
  constexpr std::chrono::milliseconds k_look_again{50};
  auto model = bring(context, library, asked, interrupt);
  if (!model && interrupt.requested()) return false;
  if (!model) return Failure(std::move(model).error());
  EAI_CHECK(check_task(asked, model->metadata.task, task));
  library::tell_server(context.folders);
  for (const auto begin = std::chrono::steady_clock::now(); !interrupt.requested();) {
    EAI_TRY(const auto server, library::running_server(context.folders));
    if (!server) return fail(Code::not_found, "the server has ended");
    if (serves(*server, asked)) return true;
    if (std::chrono::steady_clock::now() - begin > k_patience)
      return fail(Code::timeout, "the server does not take " + asked.label +
                                     " in; its log says why: " + library::server_log_of(context.folders).string());
    std::this_thread::sleep_for(k_look_again);
  }
  return false;
}

// The words of `eai` that start the server: what was given to us, too.
std::vector<std::string> words_for(const Context& context, const library::Asked& asked) {
  std::vector<std::string> out = {"model", "run", "--hash", asked.id.str()};
  for (const auto& [key, values] : context.given) {
    const bool serves = key.starts_with("server.") || key.starts_with("engines.");
    if (!serves || key == "server.force") continue;
    for (const std::string& value : values)
      out.insert(out.end(), {std::string(find_setting(key)->long_option()), value});
  }
  return out;
}

// Nothing: interrupted.
Result<std::optional<boost::json::object>> start(Context& context, library::Library& library,
                                                 const library::Asked& asked, model::Task task,
                                                 const std::optional<library::ServerRecord>& before,
                                                 const Interrupt& interrupt) {
  EAI_TRY(const library::Engines engines, library::find_engines(context.config.engines, context.folders));
  EAI_CHECK(library::check_engine_for(engines, task));
  EAI_CHECK(check_seat_and_port(context));
  auto model = bring(context, library, asked, interrupt);
  if (!model && interrupt.requested()) return std::nullopt;
  if (!model) return Failure(std::move(model).error());
  EAI_CHECK(check_task(asked, model->metadata.task, task));
  if (before) EAI_CHECK(library::stop_server(context.folders, *before, library::k_stop_grace));
  return start_in_background(context, words_for(context, asked), interrupt);
}

// Before a byte of it is fetched.
std::optional<model::Task> known_task(const library::Library& library, const library::Asked& asked) {
  if (const store::Model* here = library.stored(asked.id)) return here->metadata.task;
  const library::CatalogEntry* known = library.catalog.by_id(asked.id);
  if (known == nullptr || known->task_is_guessed) return std::nullopt;
  return known->task;
}

Result<std::optional<ReadyModel>> make_ready(Context& context, const ModelWish& wish, const Interrupt& interrupt) {
  EAI_TRY(const auto server, library::running_server(context.folders));
  if (server && server->port == 0) return fail(Code::busy, "the server is still starting; try again in a moment");
  EAI_TRY(library::Library library, library::Library::open(context.folders));
  EAI_TRY(const library::Asked asked, library::resolve(library, wish.name));
  if (const auto has = known_task(library, asked)) EAI_CHECK(check_task(asked, *has, wish.task));
  const bool served = server && serves(*server, asked);
  if (!served && server && server->serves_all) {
    EAI_TRY(const bool added, add_to(context, library, asked, wish.task, interrupt));
    if (!added) return std::nullopt;
  } else if (!served) {
    if (server && wish.other == OtherServer::stays) return serves_others(*server, asked, wish.command);
    EAI_TRY(const auto ready, start(context, library, asked, wish.task, server, interrupt));
    if (!ready) return std::nullopt;
    context.out.note("Started a server, which keeps running at " + std::string(ready->at("url").as_string()) +
                     "; `eai model stop` stops it.");
  }
  EAI_TRY(const fs::path socket, library::socket_of(context.folders));
  return ReadyModel{socket, asked.id.str(), asked.label, !served};
}

}  // namespace

Result<std::optional<ReadyModel>> ready_model(Context& context, const ModelWish& wish, const Interrupt& interrupt) {
  if (!context.out.json()) return make_ready(context, wish, interrupt);
  Output silent({.json = false, .quiet = true});
  Context apart{context.words, context.config, context.folders, silent, context.given};
  return make_ready(apart, wish, interrupt);
}

}  // namespace eai::cli
