// Why: the two kinds of engines as one table, so that the pool knows neither's command line.
// Thread: any; inspect_kind blocks on the disk.
#pragma once

#include <string>
#include <vector>

#include "engine/memory.h"
#include "util/result.h"

namespace eai::engine {

struct EngineKind {
  std::string_view program;  // its name, for people
  // Blocks on the disk. `devices`: the GPUs of this machine.
  Result<Inspection> (*inspect)(const ModelSpec& spec, const std::vector<Device>& devices);
  // `socket`: relative to the folder the engine is started in.
  std::vector<std::string> (*arguments)(const ModelSpec& spec, const Launch& launch, const std::string& socket);
  std::string_view
      question;  // a path that is answered by the part that computes, between two steps; empty: there is none
};

const EngineKind& kind_of(model::Task task);

}  // namespace eai::engine
