// Why: what a person has settled once for all their jobs: where bytes come from, which engines run, what a model is
// served with. Whoever reads them from a file, a variable or a form fills these values in.
// Thread: any; plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/file.h"
#include "util/result.h"

namespace eai::library {

struct FetchSettings {
  std::vector<std::string> gateways = {};  // asked before the public ones
  bool public_gateways = true;
  std::vector<std::string> block_folders = {};  // searched before any gateway is asked
  std::vector<std::string> sources = {};        // peers::Sources::others
  bool offline = false;
  bool plain_http = false;  // allows http:// gateways outside private networks
  std::uint64_t connections = 16;
  std::uint64_t max_retries = 5;
};

struct EngineSettings {
  std::string llama_server;  // programs; empty: found by find_engines()
  std::string image_engine;
  std::vector<std::string> workers;  // host:port; one item may hold several, separated by commas
};

// What is different for one model.
struct ModelSettings {
  std::string model;                            // as written: a name or a hash
  std::optional<std::uint64_t> context_length;  // this and the next two replace those for all models
  std::optional<std::uint64_t> parallel;
  std::optional<std::uint64_t> idle_timeout;  // seconds
  bool pinned = false;
  std::vector<std::string> lora;            // as written: a GGUF file, a name or a hash, perhaps with a scale (":0.5")
  std::string draft;                        // the same, without a scale
  std::vector<std::string> engine_options;  // for llama-server

  fs::path file;                               // where they stand; files that they name are relative to its folder
  std::map<std::string, std::uint32_t> lines;  // by key
  // Code::invalid: "<file>, line <of the key>: <why>", with the same hint.
  Failure fail_at_key(const std::string& key, Error why) const;
};

// A file, or a model's name or hash, followed by ":<scale>" unless that is 1.
struct ScaledFile {
  std::string name;
  double scale = 1;
};
std::optional<ScaledFile> parse_lora(std::string_view text);

// How models are served.
struct ServeSettings {
  std::uint64_t context_length = 0;  // 0: what a model was trained for, at most 32768
  std::uint64_t parallel = 0;        // answers of one model at the same time; 0: what its engine does best
  std::uint64_t memory_limit = 0;    // bytes; 0: found from the machine
  bool image_metadata = false;       // files tell prompt, seed and steps
  bool image_offload = false;        // weights stay in RAM until the GPU needs them
  EngineSettings engines;
  std::vector<ModelSettings> models;
};

}  // namespace eai::library
