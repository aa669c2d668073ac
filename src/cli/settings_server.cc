// [server]: how it listens, who is let in, what it keeps and how its memory is used.
#include "cli/settings_rows.h"

namespace eai::cli {

std::vector<Setting> server_settings() {
  using S = ServerSettings;
  const Rows<S> in(&Config::server);
  return {
      in.text("server.host", "EAI_HOST", "--host", &S::host, "Address to listen on", {.value_name = "ADDRESS"}),
      in.number("server.port", "EAI_PORT", "--port", &S::port, "Port to listen on; 0 takes a free one",
                {.highest = 65535}),
      in.number("server.context_length", "EAI_CONTEXT_LENGTH", "--context-length", &S::context_length,
                "Tokens of context per model; 0: as trained, at most 32768", {.highest = 1U << 24}),
      in.number("server.parallel", "EAI_PARALLEL", "--parallel", &S::parallel,
                "Answers of one model at the same time, which share its context; 0: as its engine has it",
                {.highest = 256}),
      in.flag("server.foreground", "EAI_FOREGROUND", "--foreground", &S::foreground,
              "Stay in this terminal until Ctrl-C"),
      in.flag("server.force", "EAI_FORCE", "--force", &S::force, "Replace a server that is running"),
      in.text("server.main_hash", "EAI_MAIN_HASH", "--main-hash", &S::main_hash,
              "The model that is loaded first and answers by default", {.value_name = "HASH"}),
      in.size("server.memory_limit", "EAI_MEMORY_LIMIT", "--memory-limit", &S::memory_limit,
              "Memory for all engines together, such as 24GB; 0: what the machine has"),
      in.number("server.idle_timeout", "EAI_IDLE_TIMEOUT", "--idle-timeout", &S::idle_timeout,
                "Seconds until an unused model is unloaded",
                {.lowest = 1, .highest = 365 * 86400, .value_name = "SECONDS"}),
      in.number("server.start_timeout", "EAI_START_TIMEOUT", "--start-timeout", &S::start_timeout,
                "Seconds that a model may take to load", {.lowest = 1, .highest = 86400, .value_name = "SECONDS"}),
      in.number("server.max_models", "EAI_MAX_MODELS", "--max-models", &S::max_models,
                "Models that are loaded at the same time; 0: as many as fit into the memory", {.highest = 10000}),
      in.number("server.patience", "EAI_PATIENCE", "--patience", &S::patience,
                "Seconds that a busy model takes further requests while another one waits for its place",
                {.highest = 3600}),
      in.number("server.queue_limit", "EAI_QUEUE_LIMIT", "--queue-limit", &S::queue_limit,
                "Requests that may wait for one model; more are refused with 503", {.lowest = 1, .highest = 100'000}),
      in.list("server.api_keys", "EAI_API_KEYS", "", &S::api_keys,
              "Keys of which a client must send one; wanted when --host is not this machine alone; never an option, "
              "since a command line can be read by others"),
      in.text("server.api_key_file", "EAI_API_KEY_FILE", "--api-key-file", &S::api_key_file,
              "File with keys of which a client must send one, one a line; only its owner may read it",
              {.value_name = "FILE"}),
      in.flag("server.no_auth", "EAI_NO_AUTH", "--no-auth", &S::no_auth, "Let other machines in without a key"),
      in.list("server.allow_hosts", "EAI_ALLOW_HOSTS", "--allow-host", &S::allow_hosts,
              "Name that clients may reach this server by, besides localhost and addresses; may be repeated",
              {.value_name = "NAME"}),
      in.list("server.allow_origins", "EAI_ALLOW_ORIGINS", "--allow-origin", &S::allow_origins,
              "Origin of web pages that may call this server; may be repeated", {.value_name = "URL"}),
      in.size(
          "server.kv_cache_limit", "EAI_KV_CACHE_LIMIT", "--kv-cache-limit", &S::kv_cache_limit,
          "Disk for the conversations of unloaded models, so that they go on without being computed again; 0: none"),
      in.flag("server.private", "EAI_PRIVATE", "--private", &S::keep_private,
              "Keep nothing on disk of what is asked and answered"),
      in.flag("server.strict_models", "EAI_STRICT_MODELS", "--strict-models", &S::strict_models,
              "Refuse requests for a model that is not served, instead of another one answering"),
      in.flag("server.model_names", "EAI_MODEL_NAMES", "--model-names", &S::model_names,
              "Requests may name a model by its folder name too"),
      in.text("server.tls_certificate", "EAI_TLS_CERTIFICATE", "--tls-certificate", &S::tls_certificate,
              "Certificate and its chain, PEM", {.value_name = "FILE"}),
      in.text("server.tls_key", "EAI_TLS_KEY", "--tls-key", &S::tls_key, "Key of the certificate, PEM",
              {.value_name = "FILE"}),
      in.flag("server.remote_images", "EAI_REMOTE_IMAGES", "--remote-images,!--no-remote-images", &S::remote_images,
              "Fetch the pictures that requests name by http(s) address (default)"),
      in.flag("server.allow_private_images", "EAI_ALLOW_PRIVATE_IMAGES", "--allow-private-images",
              &S::allow_private_images, "Fetch pictures from this machine and private networks too"),
      in.flag("server.request_log", "EAI_REQUEST_LOG", "--request-log", &S::request_log,
              "Write a line per request, without its content, into requests.log in the folder of logs"),
  };
}

}  // namespace eai::cli
