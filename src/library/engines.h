// Why: a model is only planned if this machine has the engine that runs it, so the engines are found first.
// Thread: any. Looks at the disk and at PATH.
#pragma once

#include "engine/kind.h"
#include "library/settings.h"
#include "model/metadata.h"
#include "util/folders.h"
#include "util/result.h"

namespace eai::library {

struct Engines {
  fs::path llama_server;  // empty: none found
  fs::path image_engine;
  engine::Programs programs() const { return {{"llama-server", llama_server}, {"eai-image-engine", image_engine}}; }
};

// Named by the settings, else beside this program, else in PATH. Code::unsupported: one is named and is not a program.
Result<Engines> find_engines(const EngineSettings& settings, const Folders& folders);

// Whether models of the task draw, and so run on the image engine.
bool draws(model::Task task);

// Code::unsupported: there is no engine for this task.
Result<void> check_engine_for(const Engines& engines, model::Task task);

}  // namespace eai::library
