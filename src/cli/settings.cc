// The table of all settings. A new one is a member of Config and a row here.
#include <algorithm>
#include <array>

#include "cli/config.h"

namespace eai::cli {

std::span<const Setting> settings() {
  static const std::vector<Setting> table = {
      {"server.host", "EAI_HOST", "--host", "Address to listen on", &Config::host, 0, 0, {}, "ADDRESS"},
      {"server.port", "EAI_PORT", "--port", "Port to listen on; 0 takes a free one", &Config::port, 0, 65535},
      {"server.context_length", "EAI_CONTEXT_LENGTH", "--context-length",
       "Tokens of context per model; 0: as trained, at most 32768", &Config::context_length, 0, 1U << 24},
      {"server.parallel", "EAI_PARALLEL", "--parallel",
       "Answers of one model at the same time, which share its context; 0: as its engine has it", &Config::parallel, 0,
       256},
      {"server.foreground", "EAI_FOREGROUND", "--foreground", "Stay in this terminal until Ctrl-C",
       &Config::foreground},
      {"server.force", "EAI_FORCE", "--force", "Replace a server that is running", &Config::force},
      {"server.main_hash", "EAI_MAIN_HASH", "--main-hash", "The model that is loaded first and answers by default",
       &Config::main_hash, 0, 0, {}, "HASH"},
      {"server.memory_limit", "EAI_MEMORY_LIMIT", "--memory-limit",
       "Memory for all engines together, such as 24GB; 0: what the machine has", &Config::memory_limit},
      {"server.idle_timeout", "EAI_IDLE_TIMEOUT", "--idle-timeout", "Seconds until an unused model is unloaded",
       &Config::idle_timeout, 1, 365 * 86400, {}, "SECONDS"},
      {"server.start_timeout", "EAI_START_TIMEOUT", "--start-timeout", "Seconds that a model may take to load",
       &Config::start_timeout, 1, 86400, {}, "SECONDS"},
      {"fetch.gateways", "EAI_GATEWAYS", "--gateway", "IPFS gateway to ask before the public ones; may be repeated",
       &Config::gateways, 0, 0, {}, "URL"},
      {"fetch.public_gateways", "EAI_PUBLIC_GATEWAYS", "--public-gateways,!--no-public-gateways",
       "Ask the public gateways too", &Config::public_gateways},
      {"fetch.block_folders", "EAI_BLOCK_FOLDERS", "--blocks",
       "Folder of files named by CID, looked into before any gateway; may be repeated", &Config::block_folders, 0, 0,
       {}, "FOLDER"},
      {"fetch.offline", "EAI_OFFLINE", "--offline", "Open no outgoing connection", &Config::offline},
      {"fetch.parallel_requests", "EAI_PARALLEL_REQUESTS", "--parallel", "Requests at once", &Config::parallel_requests,
       1, 256},
      {"fetch.max_retries", "EAI_MAX_RETRIES", "--max-retries", "Tries of one piece at one source",
       &Config::max_retries, 0, 1000},
      {"engines.llama_server", "EAI_LLAMA_SERVER", "--llama-server", "The program llama-server to use",
       &Config::llama_server, 0, 0, {}, "FILE"},
      {"engines.image_engine", "EAI_IMAGE_ENGINE", "--image-engine", "The program eai-image-engine to use",
       &Config::image_engine, 0, 0, {}, "FILE"},
      {"list.all", "EAI_LIST_ALL", "--all", "Also the models that are known by name and not here", &Config::list_all},
      {"remove.force", "EAI_REMOVE_FORCE", "--force", "Remove a model that the running server serves",
       &Config::remove_force},
      {"preserve.folder_path", "EAI_FOLDER_PATH", "--folder-path", "The folder of the model: <name>/<name>",
       &Config::preserve_folder, 0, 0, {}, "FOLDER"},
      {"preserve.task", "EAI_TASK", "--task", "What the model is for; default: as its header says", &Config::task, 0, 0,
       {"chat", "embed", "image-generation", "image-edit"}, "TASK"},
      {"preserve.ram", "EAI_RAM", "--ram", "Memory that it takes at a context of 32768; default: estimated", &Config::ram,
       0, 0, {}, "GB"},
      {"preserve.hf_repo", "EAI_HF_REPO", "--hf-repo", "Where it came from on Hugging Face", &Config::hf_repo, 0, 0, {},
       "REPO"},
      {"preserve.hf_file", "EAI_HF_FILE", "--hf-file", "The file's name there", &Config::hf_file, 0, 0, {}, "FILE"},
      {"preserve.config_name", "EAI_CONFIG_NAME", "--config-name", "Name of the image model's configuration",
       &Config::config_name, 0, 0, {}, "NAME"},
      {"preserve.lora", "EAI_LORA", "--lora", "The folder holds a LoRA", &Config::lora},
      {"preserve.zip_chunk_size", "EAI_ZIP_CHUNK_SIZE", "--zip-chunk-size", "Size of a part of the archive",
       &Config::zip_chunk_size, 1, 1U << 20, {}, "MIB"},
      {"preserve.threads", "EAI_THREADS", "--threads", "Threads that pack and hash, at most one per core",
       &Config::threads, 1, 1024},
      {"preserve.to", "EAI_PRESERVE_TO", "--to",
       "A home: lighthouse, kubo, kubo:<URL>, pinning:<URL>, car:<file>; may be repeated; default: lighthouse",
       &Config::homes, 0, 0, {}, "HOME"},
      {"preserve.format", "EAI_PRESERVE_FORMAT", "--format", "How the bytes are kept", &Config::format, 0, 0,
       {"archive", "unixfs"}, "FORMAT"},
      {"preserve.layout", "EAI_PRESERVE_LAYOUT", "--layout",
       "Where unixfs leaves begin; default: at each tensor of a GGUF", &Config::layout, 0, 0, {"", "fixed", "tensor"},
       "LAYOUT"},
      {"preserve.providers", "EAI_PRESERVE_PROVIDERS", "--provider",
       "Multiaddress from which a pinning service can fetch; may be repeated", &Config::providers, 0, 0, {}, "ADDRESS"},
      {"preserve.dry_run", "EAI_DRY_RUN", "--dry-run", "Compute every CID and send nothing", &Config::dry_run},
      {"preserve.resume", "EAI_RESUME", "--resume,!--no-resume", "Go on where an earlier run stopped (default)",
       &Config::resume},
      {"preserve.keep_here", "EAI_KEEP_HERE", "--keep,!--no-keep", "Take the model into the local store too (default)",
       &Config::keep_here},
      {"preserve.timeout", "EAI_UPLOAD_TIMEOUT", "--upload-timeout", "Seconds without a byte until an upload is tried again",
       &Config::upload_timeout, 1, 86400, {}, "SECONDS"},
      {"preserve.kubo_api", "EAI_KUBO_API", "", "Kubo's RPC", &Config::kubo_api, 0, 0, {}, "URL"},
      {"preserve.lighthouse_upload", "EAI_LIGHTHOUSE_UPLOAD", "", "Where Lighthouse takes uploads",
       &Config::lighthouse_upload, 0, 0, {}, "URL"},
      {"preserve.lighthouse_api", "EAI_LIGHTHOUSE_API", "", "Lighthouse's API", &Config::lighthouse_api, 0, 0, {}, "URL"},
      {"preserve.lighthouse_gateway", "EAI_LIGHTHOUSE_GATEWAY", "", "Lighthouse's gateway", &Config::lighthouse_gateway, 0,
       0, {}, "URL"},
      {"audit.samples", "EAI_AUDIT_SAMPLES", "--samples", "Leaves to fetch from each home", &Config::samples, 1, 10000},
      {"estimate.projector", "EAI_PROJECTOR", "--projector", "The image projector that goes with a GGUF file",
       &Config::projector, 0, 0, {}, "FILE"},
      {"logs.follow", "EAI_LOGS_FOLLOW", "-f,--follow", "Go on with what is written from now on, until Ctrl-C",
       &Config::follow_log},
      {"logs.lines", "EAI_LOGS_LINES", "-n,--lines", "Lines to begin with", &Config::log_lines, 0, 1000000},
      {"output.json", "EAI_JSON", "--json", "Print JSON; one event a line for what takes time", &Config::json},
      {"output.quiet", "EAI_QUIET", "-q,--quiet", "Print results and errors only", &Config::quiet},
      {"output.log_level", "EAI_LOG_LEVEL", "--log-level", "What the server writes into its log", &Config::log_level,
       0, 0, {"debug", "info", "warn", "error", "off"}, "LEVEL"},
  };
  return table;
}

const Setting* find_setting(std::string_view key) {
  auto all = settings();
  auto it = std::find_if(all.begin(), all.end(), [&](const Setting& setting) { return setting.key == key; });
  return it == all.end() ? nullptr : &*it;
}

}  // namespace eai::cli
