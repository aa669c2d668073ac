// Why: whether a model fits is a sum that people can be shown, not a guess.
// Thread: any; pure functions and files, but for Measured (one owner).
// What holds: bytes; claims of a file cannot overflow the sums (they saturate).
// Source: what llama.cpp v0.5.0 allocates on the processor, compared with llama-fit-params in memory_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "engine/devices.h"
#include "engine/launch.h"
#include "model/gguf.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

struct MemoryEstimate {
  std::uint64_t weights = 0;       // tensors of the model
  std::uint64_t context = 0;       // KV cache and recurrent state for all tokens of the context
  std::uint64_t compute = 0;       // buffers of one step, outputs included
  std::uint64_t projector = 0;     // weights of the image projector and its buffers
  std::uint64_t companions = 0;    // adapters and draft model with its context
  std::uint64_t prompt_cache = 0;  // bound of the engine's cache of earlier prompts
  std::uint64_t process = 0;       // the program itself, vocabulary, threads
  std::string note{};              // what was done to make it fit; empty: nothing
  std::uint64_t total() const;
  // "weights 1.83 GB + context (32768 tokens) 3.76 GB + … = 6.1 GB"
  std::string arithmetic(const Launch& launch) const;
};

MemoryEstimate estimate_memory(const model::GgufInfo& info, const Launch& launch);

// Reads headers: the model's, and those of projector, adapters and draft, whose bytes are added.
struct Inspection {
  model::GgufInfo info;  // without the list of tensors
  bool sees = false;     // the projector takes pictures
  Launch launch;
  MemoryEstimate memory;
};
// Code::not_found if a file is missing, Code::invalid if one is not what it should be. Blocks on the disk.
Result<Inspection> inspect_model(const ModelSpec& spec);

// A projector's or an adapter's header, a model's; the whole file's size must fit. Blocks on the disk.
Result<model::GgufInfo> read_gguf_file(const fs::path& path);

// What a running engine really needs of what is resident: where weights were copied into another layout for speed, their
// mapped originals are still resident but will never be read again.
std::uint64_t needed_bytes(const MemoryEstimate& estimate, std::uint64_t own, std::uint64_t mapped);

struct Budget {
  std::uint64_t bytes = 0;
  std::string source;        // "RAM 24.0 GB less 2.4 GB for the rest", "control group's limit …", "CUDA0 …"
  bool on_device = false;    // models lie in GPU memory: what a process has in RAM says nothing of it
  std::uint64_t beyond = 0;  // bytes of RAM into which a single model that is larger than the GPU may reach
  bool fits(std::uint64_t need) const { return need <= bytes || need - bytes <= beyond; }
};
// The devices' memory, else RAM, or the smallest memory limit of the control groups this process is in; less a share for
// the rest of the machine.
Budget find_budget(const std::vector<Device>& devices = {});

// The smallest limit found on the way from the group up to the root; exposed for tests. `root`: /sys/fs/cgroup,
// `membership`: the content of /proc/self/cgroup.
std::optional<std::uint64_t> cgroup_limit(const fs::path& root, std::string_view membership);

// Peaks of memory seen on this machine, by model and launch; kept in a small JSON file.
class Measured {
 public:
  explicit Measured(fs::path file);  // a file that is missing or damaged counts as empty
  std::optional<std::uint64_t> peak(const std::string& key) const;
  // Keeps the larger one; true if it changed. save() writes it.
  bool note(const std::string& key, std::uint64_t peak);
  std::string text() const;  // what save_measured writes
  // Tells apart all that changes what an engine takes, and what it has computed.
  static std::string key_of(const ModelSpec& spec, const Launch& launch);

 private:
  std::map<std::string, std::uint64_t> peaks_;
};

}  // namespace eai::engine
