// Why: which models a server serves, with which settings and engines: decided before it starts, and again each time its
// settings are read again.
// Thread: any; blocks on the disk, devices_of() for a moment on the engine that it asks.
#pragma once

#include <string>
#include <vector>

#include "engine/devices.h"
#include "engine/model_spec.h"
#include "library/engines.h"
#include "library/job.h"
#include "library/library.h"
#include "library/settings.h"

namespace eai::library {

struct PlannedModel {
  store::Model model;
  std::string name;  // as people call it
  engine::ModelSpec spec;
};

struct ServerPlan {
  std::vector<PlannedModel> models;  // the first is the main one; may be empty
  Engines engines;
  std::vector<engine::Device> devices;  // see devices_of(); left empty by make_plan()
  bool serves_all = false;              // it is of every model that is here, not of those that were named
  std::vector<Note> notes;              // settings for models that nobody knows
};

// `models`: those to be served, the main one first. Code::unsupported: an engine is missing;
// Code::invalid, with file and line: the settings of a model name what is not here or what does not fit.
Result<ServerPlan> make_plan(const Library& library, const ServeSettings& settings,
                             const std::vector<store::Model>& models);

// Everything that the engine room must know of a stored model.
Result<engine::ModelSpec> spec_of(const Library& library, const ServeSettings& settings, const store::Model& model);

// The GPUs that llama-server says it has; none if it cannot be asked.
std::vector<engine::Device> devices_of(const Engines& engines);

}  // namespace eai::library
