// Why: the wiring: models of the store, the pool of engines, the gateway and the administration socket become one server.
// Thread: run_server() blocks its caller, whose thread then owns all state of the server.
#pragma once

#include <functional>

#include "cli/config.h"
#include "cli/launch.h"
#include "library/plan.h"

namespace eai::cli {

// What a configuration that was read again says.
struct Fresh {
  Config config;
  library::ServerPlan plan;
};
using ReadAgain = std::function<Result<Fresh>()>;  // called on a thread of its own, one call at a time

// Serves until SIGINT or SIGTERM, then ends in good order; a second signal ends at once. SIGHUP reads the configuration
// again: what is wrong with it stands in the log then, and the one before goes on. In a terminal that has been closed, SIGHUP
// is an end. Tells how the start goes (the events of launch.h). Code::busy: another server runs; Code::io: the port is taken,
// the main model's engine failed (with its last words). No engine outlives the call.
Result<void> run_server(library::ServerPlan plan, Config config, const Folders& folders, const Tell& tell,
                        const ReadAgain& read_again);

}  // namespace eai::cli
