// Why: what this room must know about a model to run it. It is made from the store outside, so that neither `engine` nor
// `api` needs to know the store.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/metadata.h"
#include "util/file.h"

namespace eai::engine {

struct Adapter {
  fs::path gguf;  // a LoRA adapter
  double scale = 1;
  bool operator==(const Adapter&) const = default;
};

struct ModelSpec {
  std::string id;           // the model's hash, canonical text
  std::string folder_name;  // for people
  model::Task task = model::Task::chat;
  std::string config_name;  // of an image model, from the metadata; may be empty
  fs::path gguf;
  std::optional<fs::path> projector;
  std::optional<double> stated_ram_gb;               // from the metadata
  std::chrono::system_clock::time_point created{};   // when it came into the store
  std::string files;                                 // which files those are that it names; others have another text
  std::uint32_t context_length = 0;                  // 0: min(training context, 32768)
  std::uint32_t parallel = 0;                        // slots; 0: the engine kind's default
  std::vector<std::string> extra_arguments;          // default sampling of the family, and what the user allowed
  bool main = false;                                 // goes after the others when room is needed
  bool pinned = false;                               // goes last, is not unloaded when idle
  std::optional<std::chrono::seconds> idle_timeout;  // instead of the pool's; 0: never unloaded for idleness
  std::vector<Adapter> adapters;
  std::uint64_t memory_budget = 0;   // bytes that an image model is made to fit; 0: found from the machine
  std::optional<fs::path> draft;     // a small model that guesses ahead (speculative decoding)
  std::vector<std::string> workers;  // host:port of ggml-rpc-server, for models larger than this machine
  bool operator==(const ModelSpec&) const = default;
};

}  // namespace eai::engine
