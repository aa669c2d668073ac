// Why: which engine programs this machine has.
// Thread: any.
#pragma once

#include "cli/sections.h"
#include "engine/kind.h"
#include "model/metadata.h"
#include "util/folders.h"
#include "util/result.h"

namespace eai::cli {

struct Engines {
  fs::path llama_server;  // empty: none found
  fs::path image_engine;
  engine::Programs programs() const { return {{"llama-server", llama_server}, {"eai-image-engine", image_engine}}; }
};

// Named by the configuration, else beside this program, else in PATH. Code::unsupported: one is named and is no program.
Result<Engines> find_engines(const EngineSettings& settings, const Folders& folders);

// Code::unsupported: no engine for this task; the message says how to get one.
Result<void> check_engine_for(const Engines& engines, model::Task task);

}  // namespace eai::cli
