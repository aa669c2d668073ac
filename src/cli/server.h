// Why: the wiring: models of the store, the pool of engines, the gateway and the administration socket become one server.
// Thread: run_server() blocks its caller, whose thread then owns all state of the server.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/config.h"
#include "cli/engines.h"
#include "cli/launch.h"
#include "cli/lora.h"
#include "store/store.h"

namespace eai::cli {

struct PlannedModel {
  store::Model model;
  std::optional<Lora> lora;
  std::string name;  // as people call it
};

struct ServerPlan {
  std::vector<PlannedModel> models;  // the first is the main one
  Engines engines;
};

// Serves until SIGINT or SIGTERM, then ends in good order; a second signal ends at once. Tells how the start goes (the
// events of launch.h). Code::busy: another server runs; Code::io: the port is taken, the main model's engine failed
// (with its last words). No engine outlives the call.
Result<void> run_server(const ServerPlan& plan, const Config& config, const Folders& folders, const Tell& tell);

}  // namespace eai::cli
