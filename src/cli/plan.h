// Why: which models a server serves, with which settings and engines: decided before it starts, and again each time the
// configuration is read again.
// Thread: any; blocks on the disk, devices_of for a moment on the engine that it asks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/config.h"
#include "cli/engines.h"
#include "cli/resolve.h"
#include "engine/devices.h"
#include "engine/model_spec.h"
#include "store/store.h"

namespace eai::cli {

struct PlannedModel {
  store::Model model;
  std::string name;  // as people call it
  engine::ModelSpec spec;
};

struct ServerPlan {
  std::vector<PlannedModel> models;  // the first is the main one
  Engines engines;
  std::vector<engine::Device> devices;  // see devices_of(); left empty by make_plan()
  std::vector<std::string> notes;       // for people: settings for models that nobody knows
};

// Which models of the library are to be served, the main one first.
using Choose = std::function<Result<std::vector<store::Model>>(const Library&)>;

// Code::unsupported: an engine is missing; Code::invalid, with file and line: the settings of a model name what is not
// here or what does not fit.
Result<ServerPlan> make_plan(const Context& context, const Config& config, const Choose& choose);

// All that the engine room must know of a stored model.
Result<engine::ModelSpec> spec_of(const Library& library, const Config& config, const store::Model& model);

// The GPUs that llama-server says it has; none if it cannot be asked.
std::vector<engine::Device> devices_of(const Engines& engines);

}  // namespace eai::cli
