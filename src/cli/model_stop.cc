// `eai model stop`
#include <boost/json.hpp>

#include "cli/commands.h"
#include "library/running.h"

namespace eai::cli {

Result<int> model_stop(Context& context) {
  EAI_TRY(auto server, library::running_server(context.folders));
  if (!server) return fail(Code::not_found, "no server is running, so there is nothing to stop");
  EAI_CHECK(library::stop_server(context.folders, *server, library::k_stop_grace));
  context.out.event(boost::json::object{{"event", "stopped"}, {"pid", server->pid}});
  context.out.line("stopped the server at " + server->address());
  return 0;
}

}  // namespace eai::cli
