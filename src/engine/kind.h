// Why: everything in which one engine differs from another stands in one descriptor, so that the pool, the scheduler and
// the other rooms treat all engines alike. A new kind of engine is one file with its descriptor and one line in kind.cc.
// Thread: any. `inspect` and `list_devices` block on the disk and on a child; everything else is pure.
// What holds: a descriptor never changes, and every task belongs to exactly one kind.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/metadata.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

struct Device;
struct Inspection;
struct Launch;
struct ModelSpec;

// What the user wants of every model. Each kind takes the wishes that concern it into a model's spec.
struct Wishes {
  std::uint64_t memory_budget = 0;  // bytes that a model should be made to fit into; 0: found from the machine
  bool picture_metadata = false;    // pictures say how they were made
  bool weights_in_ram = false;      // weights stay in RAM and go to the GPU when they are needed
};

// What an engine says about itself on its standard output.
struct StateNews {
  bool ready = false;
  std::optional<double> fraction;  // of the load, 0…1
  // What it found out about how the model fits its devices, for EngineKind::fit_variable of a later start. Only the engine
  // understands it. Empty: nothing new.
  std::string fit;
};

// How an engine writes the conversations of its slots to files, and reads them back.
struct SlotProtocol {
  enum class Action { save, restore };
  struct Question {
    std::string target, body;  // POST, application/json
  };
  bool (*keeps)(const ModelSpec& spec);  // whether it can for this model
  // `file`: a name in Launch::slot_folder.
  Question (*question)(Action action, std::uint32_t slot, std::string_view file);
  std::int64_t (*tokens)(Action action, std::string_view reply);  // how many it saved or read back; 0: none
};

struct EngineKind {
  std::string_view program;  // the name of its file, by which people know it too
  std::span<const model::Task> tasks;
  bool takes_settings = false;  // a user may give one model adapters, a draft model and engine options
  void (*take_wishes)(ModelSpec& spec, const Wishes& wishes) = nullptr;

  // What the model's files say, how its engine should be started, and what that takes. `devices`: the GPUs of this machine.
  // Code::not_found if a file is missing, Code::invalid if one is not what it should be.
  Result<Inspection> (*inspect)(const ModelSpec& spec, const std::vector<Device>& devices) = nullptr;
  // The command line. `socket` is relative to the folder that the engine is started in.
  std::vector<std::string> (*arguments)(const ModelSpec& spec, const Launch& launch,
                                        const std::string& socket) = nullptr;
  std::span<const std::pair<std::string_view, std::string_view>> environment;  // besides clean_environment()

  // The variable in which it takes the StateNews::fit of an earlier start. Empty: it never tells one.
  std::string_view fit_variable{};

  // One line of its standard output; nothing if the line is not about its state and belongs into the log.
  std::optional<StateNews> (*read_line)(std::string_view line) = nullptr;
  std::string_view health;    // a path that is answered with 200 as soon as the engine is ready, and while it lives
  std::string_view progress;  // a path that the computing part answers between two steps; empty: there is none

  const SlotProtocol* slots = nullptr;                                             // if it can save conversations
  Result<std::vector<Device>> (*list_devices)(const fs::path& program) = nullptr;  // if it can tell the GPUs
};

std::span<const EngineKind* const> all_kinds();
const EngineKind& kind_of(model::Task task);

// Where this machine has the engines, by EngineKind::program. An engine that is not installed is absent, or has an empty path.
using Programs = std::map<std::string, fs::path, std::less<>>;
const fs::path& program_of(const EngineKind& kind, const Programs& programs);  // empty: not installed

}  // namespace eai::engine
