#include "cli/chat_model.h"

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

Result<void> check_task(const library::Asked& asked, model::Task task) {
  if (task == model::Task::chat) return {};
  const std::string_view instead =
      library::draws(task) ? "; `eai image` draws with it" : "; `eai model run` serves it to programs";
  return fail(Code::invalid,
              asked.label + " cannot chat: its task is " + std::string(model::name_of(task)) + std::string(instead));
}

Failure serves_others(const library::ServerRecord& server, const library::Asked& asked) {
  std::string names, list;
  for (const std::string& name : server.names) {
    names += (names.empty() ? "" : ", ") + printable(name, 60);
    list += printable(name, 60) + ",";
  }
  return fail(Code::busy, "the running server serves " + names + ", but not " + asked.label + "; `eai model run " +
                              list + asked.label + " --force` serves them all, `eai run " + asked.label +
                              " --force` only this one");
}

bool serves(const library::ServerRecord& server, const library::Asked& asked) {
  return std::ranges::find(server.models, asked.id.str()) != server.models.end();
}

// To a server of every model that is here: it is told when this one is. False: interrupted.
Result<bool> add_to(const Context& context, library::Library& library, const library::Asked& asked,
                    const Interrupt& interrupt) {
  constexpr std::chrono::seconds k_patience{30};
  constexpr std::chrono::milliseconds k_look_again{50};
  auto model = bring(context, library, asked, interrupt);
  if (!model && interrupt.requested()) return false;
  if (!model) return Failure(std::move(model).error());
  EAI_CHECK(check_task(asked, model->metadata.task));
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
                                                 const library::Asked& asked,
                                                 const std::optional<library::ServerRecord>& before,
                                                 const Interrupt& interrupt) {
  EAI_TRY(const library::Engines engines, library::find_engines(context.config.engines, context.folders));
  EAI_CHECK(library::check_engine_for(engines, model::Task::chat));
  EAI_CHECK(check_seat_and_port(context));
  auto model = bring(context, library, asked, interrupt);
  if (!model && interrupt.requested()) return std::nullopt;
  if (!model) return Failure(std::move(model).error());
  EAI_CHECK(check_task(asked, model->metadata.task));
  if (before) EAI_CHECK(library::stop_server(context.folders, *before, library::k_stop_grace));
  return start_in_background(context, words_for(context, asked), interrupt);
}

}  // namespace

Result<std::optional<ChatModel>> ready_chat_model(Context& context, const std::string& name, OtherServer other,
                                                  const Interrupt& interrupt) {
  EAI_TRY(const auto server, library::running_server(context.folders));
  if (server && server->port == 0) return fail(Code::busy, "the server is still starting; try again in a moment");
  EAI_TRY(library::Library library, library::Library::open(context.folders));
  EAI_TRY(const library::Asked asked, library::resolve(library, name));
  if (const store::Model* here = library.stored(asked.id)) EAI_CHECK(check_task(asked, here->metadata.task));
  if (server && server->serves_all && !serves(*server, asked)) {
    EAI_TRY(const bool served, add_to(context, library, asked, interrupt));
    if (!served) return std::nullopt;
  } else if (!server || !serves(*server, asked)) {
    if (server && other == OtherServer::stays) return serves_others(*server, asked);
    EAI_TRY(const auto ready, start(context, library, asked, server, interrupt));
    if (!ready) return std::nullopt;
    context.out.note("Started a server, which keeps running at " + std::string(ready->at("url").as_string()) +
                     "; `eai model stop` stops it.");
  }
  EAI_TRY(const fs::path socket, library::socket_of(context.folders));
  return ChatModel{socket, asked.id.str(), asked.label};
}

}  // namespace eai::cli
