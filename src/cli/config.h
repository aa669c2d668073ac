// Why: every setting in one table: its key in config.toml, its EAI_… variable, its option on the command line, what it
// may be and what it does. The order is option, variable, file, default.
// Thread: any; plain values.
// What holds: a wrong value is an error that names where it stands; an unknown key is an error with near names.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/model_settings.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

// Bytes; as text "24GB", "512MiB", "1000000".
struct ByteSize {
  std::uint64_t bytes = 0;
};

struct Config {
  // [server]
  std::string host = "127.0.0.1";
  std::uint64_t port = 8080;
  std::uint64_t context_length = 0;  // 0: what the model was trained for, at most 32768
  std::uint64_t parallel = 0;        // answers of one model at the same time; 0: what its engine does best
  bool foreground = false;
  bool force = false;
  std::string main_hash;
  ByteSize memory_limit;              // 0: found from the machine
  std::uint64_t idle_timeout = 1800;  // seconds
  std::uint64_t start_timeout = 600;  // seconds
  std::uint64_t max_models = 0;       // loaded at the same time; 0: as many as fit
  std::uint64_t patience = 10;        // seconds
  std::uint64_t queue_limit = 256;    // requests per model
  std::vector<std::string> api_keys;
  std::string api_key_file;  // its keys are among api_keys once it was read
  bool no_auth = false;
  std::vector<std::string> allow_hosts;    // names in the Host header
  std::vector<std::string> allow_origins;  // web pages
  ByteSize kv_cache_limit{4 * k_gib};      // on disk, of unloaded models; 0: none is kept
  bool keep_private = false;
  bool strict_models = false;
  bool model_names = false;
  std::string tls_certificate, tls_key;  // files
  bool remote_images = true;
  bool allow_private_images = false;
  bool request_log = false;
  // [fetch]
  std::vector<std::string> gateways;  // asked before the public ones
  bool public_gateways = true;
  std::vector<std::string> block_folders;  // looked into before any gateway
  bool offline = false;
  bool plain_http = false;  // http:// gateways beyond private addresses
  std::uint64_t connections = 16;
  std::uint64_t max_retries = 5;
  // [engines]
  std::string llama_server;
  std::string image_engine;
  std::vector<std::string> workers;  // host:port, with commas too
  // [worker]
  std::string worker_host = "127.0.0.1";
  std::uint64_t worker_port = 50052;
  // [list], [remove], [estimate], [logs]
  bool list_all = false;
  bool remove_force = false;
  bool watch = false;  // [status]
  // [preserve]
  std::string preserve_folder;
  std::string task;  // empty: as the model's header says
  std::string ram;   // gigabytes; empty: estimated
  std::string hf_repo, hf_file, config_name;
  bool lora = false;
  std::uint64_t zip_chunk_size = 512;  // MiB
  std::uint64_t threads = 16;
  std::vector<std::string> homes;  // empty: lighthouse
  std::string format = "archive";
  std::string layout;                  // empty: tensor for a GGUF
  std::vector<std::string> providers;  // multiaddrs
  bool dry_run = false;
  bool resume = true;
  bool keep_here = true;
  std::uint64_t upload_timeout = 300;  // seconds
  std::uint64_t pin_timeout = 86'400;  // seconds
  std::string kubo_api = "http://127.0.0.1:5001";
  std::string lighthouse_upload = "https://upload.lighthouse.storage";
  std::string lighthouse_api = "https://api.lighthouse.storage";
  std::string lighthouse_gateway = "https://gateway.lighthouse.storage";
  std::vector<std::string> audit_homes;  // empty: lighthouse
  std::uint64_t samples = 8;
  std::string projector;
  bool follow_log = false;
  std::uint64_t log_lines = 100;
  // [image]
  bool image_metadata = false;    // files tell prompt, seed and steps
  bool image_offload = false;     // weights stay in RAM until the GPU needs them
  std::string image_output;       // empty: named after the prompt
  std::string image_model;        // empty: the one that the server has, else the first here
  std::string image_size;         // "1024x1024"; empty: as the model has it
  std::uint64_t image_steps = 0;  // 0: as the model has it
  std::string image_seed;         // empty: random
  std::uint64_t image_count = 1;
  std::string negative_prompt, guidance, strength;
  std::string image_format;  // empty: by the file's ending, else png
  std::string image_quality;
  std::uint64_t compression = 100;
  std::string image_picture, image_mask;  // files
  bool preview = true;
  bool image_force = false;
  // [output]
  bool json = false;
  bool quiet = false;
  std::string log_level = "info";
  // [models."…"]
  std::vector<ModelSettings> models;
};

struct Setting {
  using Place = std::variant<std::string Config::*, std::uint64_t Config::*, bool Config::*,
                             std::vector<std::string> Config::*, ByteSize Config::*>;
  std::string_view key;       // "server.port"
  std::string_view variable;  // "EAI_PORT"
  std::string_view option;    // "--port", "-q,--quiet"; empty: none
  std::string_view help;
  Place place;
  std::uint64_t lowest = 0, highest = UINT64_MAX;  // numbers
  std::vector<std::string_view> choices = {};      // text; empty: any
  std::string_view value_name = "";                // in --help; empty: by the kind
};

std::span<const Setting> settings();
const Setting* find_setting(std::string_view key);

// Sets one value from text. The error says what is allowed; `where` ("--port", "EAI_PORT") is put before it.
Result<void> set_from_text(Config& config, const Setting& setting, std::string_view text, std::string_view where);

// Values given on the command line, by key; several for a list.
using Given = std::map<std::string, std::vector<std::string>, std::less<>>;
// getenv, or a test's world.
using Environment = std::function<const char*(const char*)>;

// file (may be missing) < environment < given. What is given for all models also beats what the file has for one. Reads the
// file of keys too. Code::invalid also where keys lie in a file that others may read.
Result<Config> load_config(const fs::path& file, const Environment& environment, const Given& given);

}  // namespace eai::cli
