// Why: the configuration as plain values, one struct per section of config.toml, with the defaults. Code that needs a
// section takes its struct and does not know about files, variables or options.
// Thread: any; plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "library/settings.h"
#include "util/bytes.h"

namespace eai::cli {

// What the library has settings for, it names itself: [fetch], [engines] and [models."…"].
using library::EngineSettings;
using library::FetchSettings;
using library::ModelSettings;

// Bytes; as text "24GB", "512MiB", "1000000".
struct ByteSize {
  std::uint64_t bytes = 0;
};

struct ServerSettings {
  std::string host = "localhost";
  std::uint64_t port = 8080;
  std::uint64_t context_length = 0;  // tokens; 0: as the model was trained, at most 32768
  std::uint64_t parallel = 0;        // answers that one model gives at the same time; 0: the engine's default
  bool foreground = false;
  bool force = false;
  std::string main_hash;
  ByteSize memory_limit;              // 0: as much as the machine has
  std::uint64_t idle_timeout = 1800;  // seconds
  std::uint64_t start_timeout = 600;  // seconds
  std::uint64_t max_models = 0;       // loaded at the same time; 0: as many as fit
  std::string verify_on_load = "off";
  std::uint64_t patience = 10;      // seconds
  std::uint64_t queue_limit = 256;  // requests per model
  std::vector<std::string> api_keys;
  std::string api_key_file;  // load_config() adds its keys to api_keys
  bool no_auth = false;
  std::vector<std::string> allow_hosts;    // names in the Host header, canonical
  std::vector<std::string> allow_origins;  // web pages, canonical
  ByteSize kv_cache_limit{4 * k_gib};      // on disk, for conversations of unloaded models; 0: keeps none
  bool keep_private = false;
  bool strict_models = false;
  bool model_names = false;
  std::string tls_certificate, tls_key;  // files
  bool remote_images = true;
  bool allow_private_images = false;
  bool request_log = false;
  bool preload = true;
};

struct ShareSettings {
  std::vector<std::string> models;  // given on to others while a server runs
  std::vector<std::string> cars;    // files
  std::vector<std::string> records;
  bool all = false;
  std::string host = "127.0.0.1";
  std::uint64_t port = 8480;
  ByteSize rate;                         // per second; 0: as fast as it goes in private networks, 20 MB elsewhere
  bool anyone = false;                   // also addresses that are not private
  std::vector<std::string> allow_hosts;  // names in the Host header, canonical
};

struct WorkerSettings {
  std::string host = "127.0.0.1";
  std::uint64_t port = 50052;
};

struct ListSettings {
  bool all = false;
};

struct ShowSettings {
  bool chat_template = false;
};

struct StatusSettings {
  bool watch = false;
};

struct RemoveSettings {
  bool force = false;
};

struct PreserveSettings {
  std::string folder;
  std::string task;  // empty: as the model's header says
  std::string ram;   // gigabytes; empty: estimated
  std::string hf_repo, hf_file, config_name;
  bool lora = false;
  std::uint64_t zip_chunk_size = 512;  // MiB
  std::uint64_t threads = 16;
  std::vector<std::string> homes;      // empty: lighthouse
  std::string format;                  // empty: archive, or unixfs for a model in pieces
  std::string layout;                  // empty: tensor for a GGUF, else fixed
  std::vector<std::string> providers;  // multiaddrs
  bool dry_run = false;
  bool resume = true;
  bool keep_here = true;
  std::uint64_t upload_timeout = 300;  // seconds
  std::uint64_t pin_timeout = 86'400;  // seconds
  std::uint64_t replicas = 0;          // 0: as the cluster is set
  std::string kubo_api = "http://127.0.0.1:5001";
  std::string cluster_api = "http://127.0.0.1:9094";
  std::string lighthouse_upload = "https://upload.lighthouse.storage";
  std::string lighthouse_api = "https://api.lighthouse.storage";
  std::string lighthouse_gateway = "https://gateway.lighthouse.storage";
};

struct JobSettings {
  bool background = false;
};

struct DownloadSettings {
  bool dry_run = false;
};

struct ExportSettings {
  std::string output;  // a CAR file, a folder, or "-"
};

struct ImportSettings {
  std::string name;       // empty: as the file or folder is called
  std::string projector;  // a file
  bool copy = false;
};

struct RepairSettings {
  bool all = false;
};

struct AuditSettings {
  std::vector<std::string> homes;  // empty: lighthouse
  std::uint64_t samples = 8;
};

struct EstimateSettings {
  std::string projector;
};

struct LogSettings {
  bool follow = false;
  std::uint64_t lines = 100;
};

struct ImageSettings {
  // For the server:
  bool metadata = false;  // PNG files contain the prompt, the seed and the steps
  bool offload = false;   // weights stay in RAM until the GPU needs them
  // For one picture:
  std::string output;       // empty: named after the prompt
  std::string model;        // empty: the one being served, else the first one here
  std::string size;         // "1024x1024"; empty: the model's own
  std::uint64_t steps = 0;  // 0: the model's own number
  std::string seed;         // empty: random
  std::uint64_t count = 1;
  std::string negative_prompt, guidance, strength;
  std::string format;  // empty: by the file's extension, else png
  std::string quality;
  std::uint64_t compression = 100;
  std::string picture, mask;  // files
  bool preview = true;
  bool force = false;
};

struct ChatSettings {
  std::string system;                 // instructions, before the first question
  std::string temperature;            // empty: the model's own
  std::uint64_t max_tokens = 0;       // of an answer; 0: as many as the context has room for
  bool think = true;                  // show what the model thinks before it answers
  std::vector<std::string> pictures;  // files that go with the first question
  bool history = true;
};

struct EmbedSettings {
  std::string file;       // of texts, one a line; "-": standard input
  std::string similar;    // a text; empty: the vectors themselves are wanted
  std::uint64_t top = 0;  // the most similar; 0: all
};

struct DoctorSettings {
  std::uint64_t timeout = 5;  // seconds, for all gateways together
};

struct BenchSettings {
  std::uint64_t prompt_tokens = 512, tokens = 64, rounds = 5;
};

struct OutputSettings {
  bool json = false;
  bool quiet = false;
  bool plain = false;
  std::string pager;  // empty: $PAGER, else less
  std::string log_level = "info";
};

}  // namespace eai::cli
