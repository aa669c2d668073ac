// Why: to know what eai adds to its engine, the engine has to be asked by itself: the same program with the same words,
// without pool, queue and API around it.
// Thread: one owner; start() and the destructor block it. The engine is watched on a thread of its own.
// What holds: it has a folder of its own, so that no server's engines are touched. It ends with this object.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

#include "engine/memory.h"
#include "engine/model_spec.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

struct AloneOptions {
  fs::path run_folder, log_folder;  // that nobody else uses
  fs::path program;
  ModelSpec spec;
  Inspection found;  // of the spec
  std::chrono::seconds patience{600};
};

class AloneEngine {
 public:
  // Comes back when it answers. Code::io: it ended instead, with its last words; Code::timeout; Code::cancelled.
  static Result<std::unique_ptr<AloneEngine>> start(const AloneOptions& options, const std::stop_token& stop);
  ~AloneEngine();
  AloneEngine(const AloneEngine&) = delete;
  fs::path socket() const;

 private:
  struct Impl;
  explicit AloneEngine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace eai::engine
