// `eai model stop`
#include <algorithm>
#include <condition_variable>
#include <mutex>

#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/server_answer.h"
#include "cli/server_status.h"
#include "library/resolve.h"
#include "util/error_map.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;
using library::ServerRecord;

constexpr std::chrono::milliseconds k_look_again{100};

// A name or a hash, or a beginning of one that only one of the served models has.
Result<std::string> served_hash(const library::Library& library, const ServerRecord& server, const std::string& word) {
  const auto asked = library::resolve(library, word);
  if (asked && std::ranges::find(server.models, asked->id.str()) != server.models.end()) return asked->id.str();
  std::vector<std::string> found;
  for (const std::string& hash : server.models) {
    const std::string name = name_of_model(server, hash);
    if (lower(name).starts_with(lower(word)) || hash.starts_with(word)) found.push_back(hash);
  }
  if (found.size() == 1) return found.front();
  std::string names;
  for (const std::string& hash : found.empty() ? server.models : found)
    names += (names.empty() ? "" : ", ") + name_of_model(server, hash);
  return fail(Code::not_found, (found.empty() ? "the server does not serve \"" + printable(word) + "\"; it serves "
                                              : "several served models begin with \"" + printable(word) + "\": ") +
                                   names);
}

Result<json::object> model_in(const json::object& status, const std::string& hash) {
  for (const json::value& model : status.at("models").as_array())
    if (text_in(model.as_object(), "id") == hash) return model.as_object();
  return fail(Code::not_found, "the server does not serve " + hash + " any more");
}

// Its engine of that moment has ended.
bool is_gone(const json::object& now, const json::object& before) {
  return text_in(now, "state") == "absent" || number_in(now, "pid") != number_in(before, "pid");
}

Result<int> unload(Context& context, const ServerRecord& server, const std::string& hash, Interrupt& interrupt) {
  const std::string name = name_of_model(server, hash);
  EAI_TRY(const json::object status, ask_status(context.folders));
  EAI_TRY(const json::object before, model_in(status, hash));
  if (number_in(before, "pid") == 0) return fail(Code::not_found, name + " is not loaded, so there is nothing to stop");
  EAI_TRY(const fs::path socket, library::socket_of(context.folders));
  EAI_TRY(const json::object told, ask_server(socket, ServerAsk{.method = "POST", .target = "/eai/unload/" + hash}));
  const std::uint64_t answers = number_in(told, "leases");
  if (answers > 0)
    context.out.note(name + " goes as soon as " +
                     (answers == 1 ? "its running answer has" : "its " + std::to_string(answers) + " answers have") +
                     " ended; Ctrl-C leaves it to that.");
  std::mutex mutex;
  std::condition_variable_any bell;
  while (!interrupt.requested()) {
    EAI_TRY(const json::object status_now, ask_status(context.folders));
    EAI_TRY(const json::object now, model_in(status_now, hash));
    if (is_gone(now, before)) {
      context.out.event(json::object{
          {"event", "unloaded"}, {"hash", hash}, {"name", name}, {"bytes", number_in(before, "memory_now")}});
      context.out.line("unloaded " + name + " (" + bytes_of_field(before, "memory_now") +
                       "); the next request loads it again");
      return 0;
    }
    std::unique_lock lock(mutex);
    bell.wait_for(lock, interrupt.token(), k_look_again, [] { return false; });
  }
  return k_interrupted;
}

Result<int> unload_all(Context& context, const ServerRecord& server) {
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  std::vector<std::string> hashes;
  for (const auto* words : {&context.words.models, &context.words.hashes}) {
    for (const std::string& word : *words) {
      if (word.empty()) continue;
      EAI_TRY(std::string hash, served_hash(library, server, word));
      if (std::ranges::find(hashes, hash) == hashes.end()) hashes.push_back(std::move(hash));
    }
  }
  Interrupt interrupt;
  for (const std::string& hash : hashes) {
    EAI_TRY(const int status, unload(context, server, hash, interrupt));
    if (status != 0) return status;
  }
  return 0;
}

}  // namespace

Result<int> model_stop(Context& context) {
  EAI_TRY(auto server, library::running_server(context.folders));
  if (!server) return fail(Code::not_found, "no server is running, so there is nothing to stop");
  if (!context.words.models.empty() || !context.words.hashes.empty()) return unload_all(context, *server);
  EAI_CHECK(library::stop_server(context.folders, *server, library::k_stop_grace));
  context.out.event(json::object{{"event", "stopped"}, {"pid", server->pid}});
  context.out.line("stopped the server at " + server->address());
  return 0;
}

}  // namespace eai::cli
