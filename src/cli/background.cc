#include "cli/background.h"

#include <boost/json.hpp>

#include "cli/server_answer.h"
#include "cli/serving.h"
#include "library/running.h"
#include "util/json_fields.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

// A server that serves whatever is here, and loads nothing until it is asked. False: interrupted.
Result<bool> ensure_server(Context& context) {
  EAI_TRY(const auto server, library::running_server(context.folders));
  if (server && server->port == 0) return fail(Code::busy, "the server is still starting; try again in a moment");
  if (server) return true;
  EAI_CHECK(check_seat_and_port(context));
  Interrupt interrupt;
  Output quiet({.json = false, .quiet = true});  // the jobs are the result, not the server
  Context apart{context.words, context.config, context.folders, quiet, context.given};
  EAI_TRY(const auto ready, start_in_background(apart, {"model", "serve", "--no-preload"}, interrupt));
  if (!ready) return false;
  context.out.note("Started a server for it, which keeps running at " + text_in(*ready, "url") +
                   "; `eai model stop` stops it, and the next one goes on with the jobs.");
  return true;
}

}  // namespace

Result<int> in_background(Context& context, const std::vector<json::object>& requests) {
  EAI_TRY(const bool ready, ensure_server(context));
  if (!ready) {
    context.out.note("Stopped. Nothing was begun.");
    return k_interrupted;
  }
  EAI_TRY(const fs::path socket, library::socket_of(context.folders));
  for (const json::object& request : requests) {
    EAI_TRY(json::object job,
            ask_server(socket, {.method = "POST", .target = "/eai/v1/jobs", .body = json::serialize(request)}));
    const std::string id = std::to_string(number_in(job, "id"));
    context.out.line("job " + id + ": " + text_in(job, "kind") + " " + text_in(job, "subject"));
    context.out.note("`eai jobs watch " + id + "` shows how it goes; `eai jobs` lists all.");
    job["event"] = "job";
    context.out.event(job);
  }
  return 0;
}

Failure dry_run_in_background() {
  return fail(Code::invalid, "--dry-run tells what would be done, and --background tells nothing; give one of them");
}

}  // namespace eai::cli
