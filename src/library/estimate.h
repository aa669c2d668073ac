// Why: what a model will take here, known before anything is started.
// Thread: any. Blocks on the disk: headers only. The engine is asked for its devices.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/budget.h"
#include "engine/memory.h"
#include "engine/model_spec.h"
#include "library/resolve.h"
#include "library/settings.h"

namespace eai::library {

struct Subject {
  std::string name;  // as people call it
  engine::ModelSpec spec;
  std::string understood = {};  // of a folder: what is in it
};

struct EstimateRequest {
  std::vector<std::string> files;   // GGUF files anywhere, or folders with a model; no store is opened for them
  std::vector<std::string> models;  // names
  std::vector<std::string> hashes;
  std::string projector;  // the image projector that goes with the files
};

// Each file, then each model. Code::not_found: one is not here; Code::invalid: not a GGUF file, or a projector for a
// model that has its own.
Result<std::vector<Subject>> subjects_of(const EstimateRequest& request, const ServeSettings& settings,
                                         const Folders& folders);

struct Estimate {
  engine::Inspection found;
  std::optional<std::uint64_t> measured;  // bytes, the peak seen here with the same context
  engine::Budget budget;
  // Where it does not fit: the largest context, by halving, with which it would; 0: there is none.
  std::uint32_t context_that_fits = 0;

  std::uint64_t need() const { return engine::need_of(found.memory, measured); }
  bool fits() const { return budget.fits(need()); }
};

Result<Estimate> estimate(const Subject& subject, const ServeSettings& settings, const Folders& folders);

}  // namespace eai::library
